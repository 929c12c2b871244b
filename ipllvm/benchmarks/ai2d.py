"""`ai2d`: AI2D's test questions on school diagrams, 3,088, four options; `ai2d-no-mask` shows the labels.

In the masked pictures letters stand for the labels that are asked for: scores differ much.
Source: A. Kembhavi et al., A Diagram Is Worth a Dozen Images (ECCV 2016), data set lmms-lab/ai2d.
"""

from dataclasses import replace

from ipllvm.benchmarks.cells import BadCell, Row, optional, text, texts, whole
from ipllvm.benchmarks.definition import OWN_RULE, PAPER, STANDARD, Definition, Protocol
from ipllvm.benchmarks.prompts import LETTER, LETTERS
from ipllvm.benchmarks.wordings import lettered, options
from ipllvm.records import Sample


def sample(row: Row) -> Sample:
    """A row of the hub's columns; the answer counts from 0, as text."""
    choices = texts(row, "options")
    place = whole(row, "answer")
    if not 0 <= place < len(choices):
        raise BadCell("answer", f"{place} is the place of none of its {len(choices)} options")
    return Sample("", optional(row, "_source"), (), "", LETTERS[place], choices)


def _trol(row: Row, sample: Sample) -> str:
    return f"{text(row, 'question')}\n{options(sample, ' ')}\n{LETTER}"


AI2D = Definition(
    name="ai2d",
    title="AI2D: questions on school diagrams, four options, labels masked by letters",
    size=3088,
    licence="CC BY-SA 4.0 (second hand)",
    sample=sample,
    protocols={
        STANDARD: Protocol(lettered, 16, "lmms", "lmms-eval ai2d"),
        PAPER: Protocol(_trol, 5, "trol", "TroL / Meteor evaluator"),
    },
    rules={
        "lmms": "ai2d_lmms",
        "trol": "ai2d_trol",
        "vlmeval": "vlmeval_letter",
        OWN_RULE: "multiple_choice",
    },
    key=("question_id", "_question_id"),
)
AI2D_NO_MASK = replace(AI2D, name="ai2d-no-mask", title=AI2D.title.replace("masked by letters", "shown"))
