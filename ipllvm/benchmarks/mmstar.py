"""`mmstar`: MMStar, 1,500 questions that need their picture, six capabilities of 250, four options.

Source: L. Chen et al., Are We on the Right Way for Evaluating LVLMs? (2024), data set Lin-Chen/MMStar.
"""

import re
from typing import Any

from ipllvm.benchmarks.cells import Row, filled, one_of, text
from ipllvm.benchmarks.definition import OWN_RULE, Definition, Protocol
from ipllvm.benchmarks.names import PAPER, STANDARD
from ipllvm.benchmarks.originals import options
from ipllvm.benchmarks.prompts import LETTER
from ipllvm.benchmarks.sources import Hub
from ipllvm.benchmarks.wordings import letter
from ipllvm.records import Sample

CATEGORIES = (
    "coarse perception",
    "fine-grained perception",
    "instance reasoning",
    "logical reasoning",
    "science & technology",
    "math",
)
OPTIONS = ("A", "B", "C", "D")
_LIST = re.compile(r"\bOptions:\s*(?=A:)")
_MARK = re.compile(r"(?:^|,\s*)([A-D]): ?")


def sample(row: Row) -> Sample:
    """A row of the hub's columns, whose options stand in the question."""
    answer = one_of(text(row, "answer").strip(), "answer", OPTIONS)
    labels = (("category", filled(row, "category")), ("l2_category", filled(row, "l2_category")))
    return Sample("", "", (), "", answer, choices(text(row, "question")), labels=labels)


def choices(question: str) -> tuple[str, ...]:
    """The options behind "Options:", where all four are in their order; else four blanks.

    >>> choices("2, 3 plus 4? Options: A: 5, B: 2, 3, C: 9, D: 7")
    ('5', '2, 3', '9', '7')
    """
    listed = _LIST.split(question)[-1]
    found = _MARK.split(listed)
    letters, texts = tuple(found[1::2]), tuple(part.strip() for part in found[2::2])
    return texts if letters == OPTIONS else ("",) * len(OPTIONS)


def of_table(row: dict[str, Any]) -> dict[str, Any]:
    """A row of VLMEvalKit's MMStar, whose options are columns of their own."""
    if not options(row):
        return row
    listed = ", ".join(f"{name}: {text}" for name, text in zip(OPTIONS, options(row), strict=False))
    return {**row, "question": f"{row['question']}\nOptions: {listed}"}


def _worded(row: Row, sample: Sample) -> str:
    return f"{filled(row, 'question').strip()}\n{LETTER.removesuffix('.')}"


MMSTAR = Definition(
    name="mmstar",
    title="MMStar: questions that need their picture, six capabilities of 250",
    size=1500,
    licence="none seen",
    sample=sample,
    protocols={
        STANDARD: Protocol(_worded, 1024, "official", "lmms-eval mmstar (2024)"),
        PAPER: Protocol(letter, 5, "official", "TroL / Meteor evaluator"),
    },
    rules={
        "official": "mmstar_official",
        "lmms": "mmstar_lmms",
        "vlmeval": "vlmeval_letter",
        OWN_RULE: "multiple_choice",
    },
    axes=("category", "l2_category"),
    key=("index",),
    counts={"category": dict.fromkeys(CATEGORIES, 250)},
    hub=Hub(("Lin-Chen/MMStar",), ("mmstar.parquet", "*val*.parquet")),
    of_table=of_table,
)
