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
_HEAD = re.compile(r"\b(?:Options|Choices):\s*(?=\(?A\b)")
_MARKS = (r"(?:^|[,;]\s*|\n\s*){}:\s*", r"(?:^|(?<=\s))\({}\)", r"(?:^|[,;]\s*|\n\s*){}[.)]\s")
"""What stands before an option: "A: ", "(A)", "A. " or "A) "."""


def sample(row: Row) -> Sample:
    """A row of the hub's columns, whose options stand in the question; four blanks where none can be read."""
    answer = one_of(text(row, "answer").strip(), "answer", OPTIONS)
    found = choices(text(row, "question"))
    read = found if answer in OPTIONS[: len(found)] else ("",) * len(OPTIONS)
    labels = (("category", filled(row, "category")), ("l2_category", filled(row, "l2_category")))
    return Sample("", "", (), "", answer, read, labels=labels)


def choices(question: str) -> tuple[str, ...]:
    r"""The two to four options behind "Options:" or "Choices:"; none where they can't be read.

    >>> choices("2, 3 plus 4? Options: A: 5, B: 2, 3, C: 9, D: 7")
    ('5', '2, 3', '9', '7')
    >>> choices("Which?\nChoices:\n(A) 9 m\n(B) 4 m"), choices("Which? A or B")
    (('9 m', '4 m'), ())
    """
    heads = list(_HEAD.finditer(question))
    listed = question[heads[-1].end() :] if heads else ""
    return max((_marked(listed, mark) for mark in _MARKS), key=len)


def _marked(listed: str, mark: str) -> tuple[str, ...]:
    """The texts behind the marks A, B, ... of one form; none where there are less than two."""
    places, at = [], 0
    for name in OPTIONS:
        found = re.compile(mark.format(name)).search(listed, at)
        if found is None or (name == OPTIONS[0] and found.start()):
            break
        places.append(found)
        at = found.end()
    ends = [*(after.start() for after in places[1:]), len(listed)]
    texts = tuple(listed[each.end() : end].strip() for each, end in zip(places, ends, strict=False))
    return texts if len(texts) > 1 and all(texts) else ()


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
