"""`qbench`: Q-Bench A1 (LLVisionQA, dev), 1,495 questions on how a picture looks, two to four options.

Source: H. Wu et al., Q-Bench (ICLR 2024), data set q-future/Q-Bench-HF.
"""

from pathlib import Path
from typing import Any

from ipllvm.benchmarks.cells import BadCell, Row, cell, one_of, text, whole
from ipllvm.benchmarks.definition import OWN_RULE, Definition, Protocol
from ipllvm.benchmarks.names import PAPER, STANDARD
from ipllvm.benchmarks.originals import json_file, options
from ipllvm.benchmarks.prompts import LETTERS
from ipllvm.benchmarks.sources import Hub
from ipllvm.benchmarks.wordings import lettered
from ipllvm.records import Sample

ABSENT = "N/A"
CONCERNS = ("global distortion", "global other", "local distortion", "local other")
TYPES = ("yes/no", "what", "how")
"""The raw file's codes; lmms-eval's labels swap the last two."""


def sample(row: Row) -> Sample:
    """A row of the hub's columns."""
    given = tuple(text(row, f"option{i}") for i in range(4))
    choices = given[: given.index(ABSENT)] if ABSENT in given else given
    answer = one_of(text(row, "correct_choice").strip(), "correct_choice", tuple(LETTERS[: len(choices)]))
    labels = (
        *_code(row, "concern", "question_concern", CONCERNS),
        *_code(row, "type", "question_type", TYPES),
    )
    return Sample("", "", (), "", answer, choices, labels=labels)


def _code(row: Row, axis: str, column: str, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The label that a code stands for; none where the table has no codes."""
    if column not in row:
        return ()
    code = whole(row, column)
    if not 0 <= code < len(names):
        raise BadCell(column, f"{cell(row, column)!r} is not among the codes 0 to {len(names) - 1}")
    return ((axis, names[code]),)


def original(folder: Path) -> list[dict[str, Any]] | None:
    """The raw release: llvisionqa_dev.json and images/."""
    table = folder / "llvisionqa_dev.json"
    return [_of_raw(row) for row in json_file(table)] if table.is_file() else None


def _of_raw(row: dict[str, Any]) -> dict[str, Any]:
    candidates = [str(each) for each in row["candidates"]]
    place = candidates.index(row["correct_ans"]) if row["correct_ans"] in candidates else -1
    return {
        "id": row["img_path"],
        "image": f"images/{row['img_path']}",
        "question": row["question"],
        **_columns(candidates),
        "question_type": row.get("type", 0),
        "question_concern": row.get("concern", 0),
        "correct_choice": LETTERS[place] if place >= 0 else "",
    }


def of_table(row: dict[str, Any]) -> dict[str, Any]:
    """A row of VLMEvalKit's Q-Bench1_VAL, which has no codes."""
    return {**row, "id": row["index"], **_columns(options(row)), "correct_choice": row["answer"]}


def _columns(candidates: list[str]) -> dict[str, str]:
    return {f"option{i}": candidates[i] if i < len(candidates) else ABSENT for i in range(4)}


def _worded(row: Row, sample: Sample) -> str:
    return f"{lettered(row, sample)}\n"


QBENCH = Definition(
    name="qbench",
    title="Q-Bench A1 (LLVisionQA, dev): how a picture looks, two to four options",
    size=1495,
    licence="CC BY-NC-SA 4.0 (data card); S-Lab 1.0 (repository): non-commercial",
    sample=sample,
    protocols={
        STANDARD: Protocol(_worded, 32, "lmms", "lmms-eval qbench_dev"),
        PAPER: Protocol(lettered, 5, "trol", "TroL / Meteor evaluator"),
    },
    rules={
        "lmms": "qbench_lmms",
        "trol": "qbench_trol",
        "vlmeval": "vlmeval_letter",
        OWN_RULE: "multiple_choice",
    },
    axes=("concern", "type"),
    errata=(
        "the codes of types are 0 yes/no, 1 what, 2 how; lmms-eval names the last two the other way round",
    ),
    hub=Hub(("q-future/Q-Bench-HF",), ("*dev-*.parquet",)),
    released=("llvisionqa_dev.json",),
    original=original,
    of_table=of_table,
)
