"""`mmvet`: MM-Vet, 218 open questions on 200 pictures, graded by a judge for six capabilities.

Source: W. Yu et al., MM-Vet (ICML 2024), data set lmms-lab/MMVet.
"""

from pathlib import Path
from typing import Any

from ipllvm.benchmarks.cells import BadCell, Row, cell, filled, optional
from ipllvm.benchmarks.definition import Definition, Protocol
from ipllvm.benchmarks.names import PAPER, STANDARD
from ipllvm.benchmarks.originals import json_file
from ipllvm.benchmarks.sources import Hub
from ipllvm.benchmarks.wordings import question
from ipllvm.records import Sample

CAPABILITIES = ("rec", "ocr", "know", "gen", "spat", "math")


def sample(row: Row) -> Sample:
    """A row of the hub's columns; `<AND>` and `<OR>` in the answer are the judge's to read."""
    names = capabilities(row)
    labels = tuple(("capability", name) for name in names)
    combined = (("combination", "+".join(names)),)
    return Sample("", optional(row, "imagename"), (), "", filled(row, "answer"), labels=labels + combined)


def capabilities(row: Row) -> tuple[str, ...]:
    """What a question asks for, in one order: a list, or a text with commas."""
    value = cell(row, "capability")
    given = value.split(",") if isinstance(value, str) else value
    names = {str(each).strip() for each in given} if hasattr(given, "__iter__") else set()
    if not names or names - set(CAPABILITIES):
        raise BadCell("capability", f"{value!r} is not a list of {', '.join(CAPABILITIES)}")
    return tuple(name for name in CAPABILITIES if name in names)


def original(folder: Path) -> list[dict[str, Any]] | None:
    """The released mm-vet.json, rows by id, and images/."""
    table = next(
        (p for p in (folder / "mm-vet.json", folder / "mm-vet" / "mm-vet.json") if p.is_file()), None
    )
    if table is None:
        return None
    images = (table.parent / "images").relative_to(folder)
    given = json_file(table).items()
    return [{**row, "question_id": id, "image": f"{images}/{row['imagename']}"} for id, row in given]


MMVET = Definition(
    name="mmvet",
    title="MM-Vet: open questions for six capabilities, graded by a judge",
    size=218,
    licence="CC BY-NC 4.0",
    sample=sample,
    protocols={
        STANDARD: Protocol(question, 1024, "official", "MM-Vet's script; LLaVA's prompt"),
        PAPER: Protocol(question, 1024, "official", "TroL / Meteor evaluator"),
    },
    rules={"official": "mmvet_judge"},
    total="mean_grade",
    judged="mmvet_judge",
    axes=("capability", "combination"),
    key=("question_id",),
    hub=Hub(("lmms-lab/MMVet", "lmms-lab-encoder/MMVet", "whyu/mm-vet"), ("*test-*.parquet",)),
    released=("mm-vet.json",),
    plain=lambda name: name.removeprefix("v1_"),
    original=original,
    of_table=lambda row: {**row, "question_id": row["index"], "capability": row["category"]},
)
