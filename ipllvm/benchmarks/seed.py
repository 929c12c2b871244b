"""`seed`: the picture questions of SEED-Bench, 14,233 of nine dimensions, four options.

Source: B. Li et al., SEED-Bench (CVPR 2024), data set lmms-lab/SEED-Bench.
"""

from collections.abc import Sequence

from ipllvm.benchmarks.cells import BadCell, Row, one_of, optional, text, whole
from ipllvm.benchmarks.definition import OWN_RULE, PAPER, STANDARD, Definition, Protocol
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
        raise BadCell("question_type_id", f"{number} is no dimension of pictures, 1 to {len(DIMENSIONS)}")
    cluster = optional(row, "data_id") if isinstance(row.get("data_id"), str) else ""
    return Sample("", cluster, (), "", answer, choices, labels=(("dimension", DIMENSIONS[number - 1]),))


def pictures(rows: Sequence[Row]) -> Sequence[int]:
    """The places of the rows on pictures; those on videos are left out."""
    return [place for place, row in enumerate(rows) if row.get("data_type", "image") == "image"]


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
)
