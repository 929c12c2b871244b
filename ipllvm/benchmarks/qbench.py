"""`qbench`: Q-Bench A1 (LLVisionQA, dev), 1,495 questions on how a picture looks, two to four options.

Source: H. Wu et al., Q-Bench (ICLR 2024), data set q-future/Q-Bench-HF.
"""

from ipllvm.benchmarks.cells import BadCell, Row, cell, one_of, text, whole
from ipllvm.benchmarks.definition import OWN_RULE, PAPER, STANDARD, Definition, Protocol
from ipllvm.benchmarks.prompts import LETTERS
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
        ("concern", _code(row, "question_concern", CONCERNS)),
        ("type", _code(row, "question_type", TYPES)),
    )
    return Sample("", "", (), "", answer, choices, labels=labels)


def _code(row: Row, column: str, names: tuple[str, ...]) -> str:
    code = whole(row, column)
    if not 0 <= code < len(names):
        raise BadCell(column, f"{cell(row, column)!r} is none of the codes 0 to {len(names) - 1}")
    return names[code]


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
)
