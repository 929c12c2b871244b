"""`mmvp` as a definition: its protocols and the rules that score it; the rows are read by `mmvp`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from ipllvm.benchmarks import mmvp
from ipllvm.benchmarks.cells import BadCell, Row, filled, text, whole
from ipllvm.benchmarks.definition import OWN_RULE, Definition, Protocol
from ipllvm.benchmarks.names import PAPER, STANDARD
from ipllvm.benchmarks.prompts import LETTERS, multiple_choice
from ipllvm.benchmarks.sources import Hub
from ipllvm.benchmarks.tables import delimited
from ipllvm.records import Sample


def sample(row: Row) -> Sample:
    """A row of the hub's columns, with the right answer of the four rows whose labels were swapped."""
    given = _as_given(row)
    return replace(given, answer=mmvp.ERRATA.get(whole(row, "Index"), ("", given.answer))[1])


def first_published(row: Row) -> Sample:
    """A row with the answer that was first published."""
    given = _as_given(row)
    return replace(given, answer=mmvp.ERRATA.get(whole(row, "Index"), (given.answer, ""))[0])


def original(folder: Path) -> list[dict[str, Any]] | None:
    """The released Questions.csv and MMVP Images/, numbered as the pictures are."""
    table = folder / "Questions.csv"
    if not table.is_file():
        return None
    numbered = enumerate(delimited.rows(table), start=1)
    return [{**row, "Index": n, "image": f"MMVP Images/{n}.jpg"} for n, row in numbered]


def _as_given(row: Row) -> Sample:
    listed = filled(row, "Options")
    try:
        choices = mmvp.options(listed)
    except ValueError as error:
        raise BadCell("Options", str(error)) from error
    answer = text(row, "Correct Answer").strip().strip("().").upper()
    if answer not in tuple(LETTERS[: len(choices)]):
        raise BadCell("Correct Answer", f"{answer!r} is not among its options")
    pair = (whole(row, "Index") + 1) // 2
    return Sample("", f"mmvp-pair-{pair:03d}", (), "", answer, choices)


def _lettered(row: Row, sample: Sample) -> str:
    return multiple_choice(text(row, "Question").strip(), sample.choices)


def _as_stored(row: Row, sample: Sample) -> str:
    return f"{text(row, 'Question')} {text(row, 'Options')}"


MMVP = Definition(
    name="mmvp",
    title="MMVP: 150 pairs of photographs that CLIP takes for alike, two options",
    size=mmvp.SIZE,
    licence="MIT",
    sample=sample,
    protocols={
        STANDARD: Protocol(
            _lettered, mmvp.MAX_NEW_TOKENS, "official", "lmms-eval's prompt, the author's letter rule"
        ),
        PAPER: Protocol(
            _as_stored,
            1024,
            "official",
            "the published script's prompt and labels; the paper's own is not known",
            sample=first_published,
            judged="mmvp_judge",
        ),
    },
    rules={
        "official": "mmvp_by_letter",
        "lmms": "mmvp_lmms",
        "judge": "mmvp_judge",
        "vlmeval": "vlmeval_letter",
        OWN_RULE: "multiple_choice",
    },
    total="pair_accuracy",
    key=("Index",),
    hub=Hub(
        (mmvp.REPOSITORY, "lmms-lab-eval/MMVP"),
        ("Questions.csv", "*train-*.parquet"),
        also=("MMVP Images/*",),
    ),
    original=original,
    errata=("the answers of rows 99/100 and 279/280 were swapped; right here, but for the paper's protocol",),
    loader=mmvp.load,
)
