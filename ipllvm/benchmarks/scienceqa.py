"""`scienceqa`: ScienceQA's test questions with a picture, 2,017, two to five options.

Source: P. Lu et al., Learn to Explain (NeurIPS 2022), data set lmms-lab/ScienceQA, config ScienceQA-IMG.
"""

from pathlib import Path
from typing import Any

from ipllvm.benchmarks.cells import BadCell, Row, filled, optional, texts, whole
from ipllvm.benchmarks.definition import OWN_RULE, Definition, Protocol
from ipllvm.benchmarks.names import PAPER, STANDARD
from ipllvm.benchmarks.originals import json_file, place_of
from ipllvm.benchmarks.originals import options as options_of
from ipllvm.benchmarks.prompts import LETTER, LETTERS
from ipllvm.benchmarks.sources import Hub
from ipllvm.benchmarks.wordings import options
from ipllvm.records import Sample

FACTS = ("subject", "topic", "grade", "task")


def sample(row: Row) -> Sample:
    """A row of the hub's columns; the answer counts from 0."""
    choices = texts(row, "choices")
    place = whole(row, "answer")
    if not 0 <= place < len(choices):
        raise BadCell("answer", f"{place} is the place of none of its {len(choices)} choices")
    labels = tuple((name, optional(row, name)) for name in FACTS if optional(row, name))
    context = (("context", "with hint" if optional(row, "hint") else "without hint"),)
    return Sample("", "", (), "", LETTERS[place], choices, labels=labels + context + _grades(row))


def _grades(row: Row) -> tuple[tuple[str, str], ...]:
    """Which half of school its grade is in, as the published tables have it; none where it names none."""
    grade = optional(row, "grade").removeprefix("grade")
    if not grade.isdecimal():
        return ()
    return (("grades", "1-6" if int(grade) <= 6 else "7-12"),)


def _lmms(row: Row, sample: Sample) -> str:
    hint = optional(row, "hint")
    context = f"Context: {hint}\n" if hint else ""
    return f"{context}{filled(row, 'question')}\n{options(sample, chr(10))}\n{LETTER}"


def _trol(row: Row, sample: Sample) -> str:
    """An empty hint leaves its line."""
    return f"{optional(row, 'hint')}\n{filled(row, 'question')}\n{options(sample, chr(10))}\n{LETTER}"


def original(folder: Path) -> list[dict[str, Any]] | None:
    """The released problems.json, pid_splits.json and images/test/PID/image.png."""
    problems, splits = (folder / name for name in ("problems.json", "pid_splits.json"))
    if not (problems.is_file() and splits.is_file()):
        return None
    given = json_file(problems)
    asked = [(pid, given[pid]) for pid in json_file(splits)["test"] if given[pid].get("image")]
    return [{**row, "id": pid, "image": f"images/test/{pid}/{row['image']}"} for pid, row in asked]


SCIENCEQA = Definition(
    name="scienceqa",
    title="ScienceQA-IMG: the test questions with a picture, two to five options",
    size=2017,
    licence="CC BY-NC-SA 4.0",
    sample=sample,
    protocols={
        STANDARD: Protocol(_lmms, 16, "official", "lmms-eval scienceqa_img's prompt, LLaVA's rule"),
        PAPER: Protocol(_trol, 5, "trol", "TroL / Meteor evaluator"),
    },
    rules={
        "official": "scienceqa_official",
        "lmms": "scienceqa_lmms",
        "trol": "scienceqa_trol",
        "vlmeval": "vlmeval_letter",
        OWN_RULE: "multiple_choice",
    },
    axes=(*FACTS, "grades", "context"),
    hub=Hub(
        ("lmms-lab/ScienceQA", "lmms-lab-encoder/ScienceQA"),
        ("ScienceQA-IMG/test-*.parquet", "test-*.parquet"),
    ),
    released=("problems.json",),
    original=original,
    of_table=lambda row: {**row, "choices": options_of(row), "answer": place_of(row["answer"])},
)
