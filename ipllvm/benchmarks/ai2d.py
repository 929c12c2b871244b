"""`ai2d`: AI2D's test questions on school diagrams, 3,088, four options; `ai2d-no-mask` shows the labels.

In the masked pictures letters stand for the labels that are asked for: scores differ much.
Source: A. Kembhavi et al., A Diagram Is Worth a Dozen Images (ECCV 2016), data set lmms-lab/ai2d.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from ipllvm.benchmarks.cells import BadCell, Row, filled, optional, texts, whole
from ipllvm.benchmarks.definition import OWN_RULE, Definition, Protocol
from ipllvm.benchmarks.names import PAPER, STANDARD
from ipllvm.benchmarks.originals import json_file, place_of
from ipllvm.benchmarks.originals import options as options_of
from ipllvm.benchmarks.prompts import LETTER, LETTERS
from ipllvm.benchmarks.sources import Hub
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
    return f"{filled(row, 'question')}\n{options(sample, ' ')}\n{LETTER}"


def original(folder: Path) -> list[dict[str, Any]] | None:
    """ai2d_test.json as TroL reads it, with images/ and abc_images/, in which letters mask the labels."""
    table = folder / "ai2d_test.json"
    return [_of_raw(row) for row in json_file(table)] if table.is_file() else None


def _of_raw(row: dict[str, Any]) -> dict[str, Any]:
    facts = row["metadata"]
    picture = f"{'abc_images' if facts['abcLabel'] else 'images'}/{row['imageName']}"
    options, answer = facts["answerTexts"], str(facts["correctAnswer"])
    question = {"question": row["question"], "options": options, "answer": answer}
    return {**question, "image": picture, "_source": picture, "_question_id": facts["questionId"]}


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
    errata=("three options hold a line break: 3840.png-1, 3535.png-3, 4616.png-0",),
    hub=Hub(("lmms-lab/ai2d", "lmms-lab-encoder/ai2d"), ("*test-*.parquet",)),
    released=("ai2d_test.json",),
    original=original,
    of_table=lambda row: {**row, "options": options_of(row), "answer": str(place_of(row["answer"]))},
)
AI2D_NO_MASK = replace(
    AI2D,
    name="ai2d-no-mask",
    title="AI2D: questions on school diagrams, four options, labels shown",
    hub=Hub(("lmms-lab/ai2d-no-mask", "Efficient-Large-Model/ai2d-no-mask"), ("*test-*.parquet",)),
    original=None,
)
