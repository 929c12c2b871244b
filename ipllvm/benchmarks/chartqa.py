"""`chartqa`: ChartQA's test questions, 1,250 by people and 1,250 by machine, with short answers.

The paper's column fits the first question on each of the 987 charts of the machine's half.
Source: A. Masry et al., ChartQA (ACL 2022 Findings), data set lmms-lab/ChartQA, GPL-3.0.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ipllvm.benchmarks.cells import BadCell, Row, filled, one_of, text
from ipllvm.benchmarks.definition import OWN_RULE, Definition, Protocol
from ipllvm.benchmarks.names import PAPER, STANDARD
from ipllvm.benchmarks.originals import json_file
from ipllvm.benchmarks.sources import Hub
from ipllvm.benchmarks.wordings import short
from ipllvm.errors import BenchmarkUnavailable
from ipllvm.records import Sample

HALVES = ("human_test", "augmented_test")
NAMES = ("imgname", "image_name", "_imgname")


def sample(row: Row) -> Sample:
    """A row of the hub's columns."""
    half = one_of(text(row, "type"), "type", HALVES)
    return Sample("", chart(row) or "", (), "", filled(row, "answer"), labels=(("half", half),))


def chart(row: Row) -> str | None:
    """What tells charts apart: a column with the picture's name, else the picture itself."""
    for column in NAMES:
        if row.get(column):
            return text(row, column)
    image = row.get("image")
    if isinstance(image, dict):
        image = image.get("path") or image.get("bytes")
    if image is None or isinstance(image, str):
        return image or None
    return str(image.digest().hex())


def first_of_each_chart(rows: Sequence[Row]) -> Sequence[int]:
    """Of the machine's half the first question on each chart; raises BenchmarkUnavailable.

    TroL's evaluator knows samples by the picture's name and drops those that come again.
    """
    found: dict[str, int] = {}
    for index, row in enumerate(rows):
        try:
            if text(row, "type") != HALVES[1]:
                continue
        except BadCell as error:
            raise BenchmarkUnavailable(f"benchmark 'chartqa': row {index + 1}, {error}") from error
        name = chart(row)
        if name is None:
            raise BenchmarkUnavailable(
                f"benchmark 'chartqa': row {index + 1} names no chart, and the paper asks the first question "
                f"on each: give a column '{NAMES[0]}', or the picture"
            )
        found.setdefault(name, index)
    return tuple(found.values())


def _lmms(row: Row, sample: Sample) -> str:
    return f"{filled(row, 'question')}\nAnswer the question with a single word."


def original(folder: Path) -> list[dict[str, Any]] | None:
    """The released test_human.json and test_augmented.json, and png/."""
    places = (folder / "ChartQA Dataset" / "test", folder / "test", folder)
    root = next((place for place in places if (place / "test_human.json").is_file()), None)
    if root is None:
        return None
    return [
        {
            "type": f"{half}_test",
            "question": row["query"],
            "answer": row["label"],
            "imgname": row["imgname"],
            "image": (root / "png" / row["imgname"]).relative_to(folder).as_posix(),
        }
        for half in ("human", "augmented")
        for row in json_file(root / f"test_{half}.json")
    ]


CHARTQA = Definition(
    name="chartqa",
    title="ChartQA: short answers on charts, half of the questions by people",
    size=2500,
    licence="GPL-3.0",
    sample=sample,
    protocols={
        STANDARD: Protocol(_lmms, 16, "stripped", "lmms-eval chartqa"),
        PAPER: Protocol(short, 5, "trol", "TroL / Meteor evaluator", first_of_each_chart),
    },
    rules={
        "stripped": "chartqa_stripped",
        "relaxed": "chartqa_relaxed",
        "swapped": "chartqa_swapped",
        "trol": "chartqa_trol",
        OWN_RULE: "chartqa_strict",
    },
    axes=("half",),
    counts={"half": dict.fromkeys(HALVES, 1250)},
    errata=("30 answers of the human half have a comma, 22 are lists, 2 are 0: text to the rule",),
    hub=Hub(("lmms-lab/ChartQA", "lmms-lab-encoder/ChartQA"), ("*test-*.parquet",)),
    original=original,
    of_table=lambda row: {**row, "type": f"{str(row['split']).removeprefix('test_')}_test"},
)
