"""`seed`: the picture questions of SEED-Bench, 14,233 of nine dimensions, four options.

Source: B. Li et al., SEED-Bench (CVPR 2024), data set lmms-lab/SEED-Bench.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ipllvm.benchmarks.cells import BadCell, Row, one_of, optional, text, whole
from ipllvm.benchmarks.definition import OWN_RULE, Definition, Protocol
from ipllvm.benchmarks.names import PAPER, STANDARD
from ipllvm.benchmarks.originals import json_file, options
from ipllvm.benchmarks.sources import Hub
from ipllvm.benchmarks.wordings import lettered
from ipllvm.records import Sample

DIMENSIONS = (
    "Scene Understanding",
    "Instance Identity",
    "Instance Attributes",
    "Instance Location",
    "Instances Counting",
    "Spatial Relation",
    "Instance Interaction",
    "Visual Reasoning",
    "Text Understanding",
)
CHOICES = ("choice_a", "choice_b", "choice_c", "choice_d")


def sample(row: Row) -> Sample:
    """A row of the hub's columns."""
    choices = tuple(text(row, column) for column in CHOICES)
    answer = one_of(text(row, "answer").strip(), "answer", ("A", "B", "C", "D"))
    number = whole(row, "question_type_id")
    if not 1 <= number <= len(DIMENSIONS):
        raise BadCell("question_type_id", f"{number} is not a dimension of pictures, 1 to {len(DIMENSIONS)}")
    cluster = optional(row, "data_id") if isinstance(row.get("data_id"), str) else ""
    return Sample("", cluster, (), "", answer, choices, labels=(("dimension", DIMENSIONS[number - 1]),))


def pictures(rows: Sequence[Row]) -> Sequence[int]:
    """The places of the rows on pictures; those on videos are left out."""
    return [place for place, row in enumerate(rows) if row.get("data_type", "image") == "image"]


def original(folder: Path) -> list[dict[str, Any]] | None:
    """The released SEED-Bench.json and SEED-Bench-image/; questions on pictures."""
    table = folder / "SEED-Bench.json"
    if not table.is_file():
        return None
    given = [row for row in json_file(table)["questions"] if row["data_type"] == "image"]
    return [{**row, "image": [f"SEED-Bench-image/{row['data_id']}"]} for row in given]


def of_table(row: dict[str, Any]) -> dict[str, Any]:
    """A row of VLMEvalKit's SEEDBench_IMG, whose category is the dimension's name."""
    number = DIMENSIONS.index(row["category"]) + 1 if row.get("category") in DIMENSIONS else 0
    kind = "image" if number else "video"
    choices = dict(zip(CHOICES, options(row), strict=False))
    return {**row, **choices, "question_id": row["index"], "question_type_id": number, "data_type": kind}


SEED = Definition(
    name="seed",
    title="SEED-Bench, pictures: nine dimensions, four options",
    size=14233,
    licence="CC BY-NC 4.0 (data card); pictures keep their owners' rights",
    sample=sample,
    protocols={
        STANDARD: Protocol(lettered, 1024, "lmms", "lmms-eval seedbench, pictures only", pictures),
        PAPER: Protocol(lettered, 5, "trol", "TroL evaluator", pictures),
    },
    rules={
        "official": "seed_official",
        "lmms": "seed_lmms",
        "trol": "seed_trol",
        "vlmeval": "vlmeval_letter",
        OWN_RULE: "multiple_choice",
    },
    axes=("dimension",),
    key=("question_id",),
    errata=("question 49914 is there twice",),
    hub=Hub(("lmms-lab/SEED-Bench", "lmms-lab-encoder/SEED-Bench"), ("*test-*.parquet",)),
    released=("SEED-Bench.json",),
    original=original,
    of_table=of_table,
)
