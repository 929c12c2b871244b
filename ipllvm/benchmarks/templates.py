"""What classes are called and what an encoder is told of them, by benchmark: templates that are averaged.

Class names are in the order of the data sets' labels. Sources and licences: class_names.NOTICE.
"""

import json
from functools import cache
from pathlib import Path
from typing import Final

from ipllvm.benchmarks.names import base

OBJECTS: Final = ("a {}.", "a photo of a {}.")
PUBLISHED: Final = (
    "imagenet",
    "caltech101",
    "cifar100",
    "food101",
    "pets",
    "country211",
    "eurosat",
    "aircraft",
    "clevr-counts",
)
"""The classification sets of the paper's Table 3, its footnote and Fig. 6a."""
CLASSIFICATION: Final = ("objects", *PUBLISHED, *(f"{name}@paper" for name in PUBLISHED))
"""Benchmarks that ask for the name of a class, under either protocol."""


def templates(benchmark: str) -> tuple[str, ...] | None:
    """The templates of a benchmark, with {} for the class; None where it has none.

    >>> templates("food101@paper"), templates("scenes")
    (('a photo of {}, a type of food.',), None)
    """
    name = base(benchmark)
    if name not in PUBLISHED:
        return OBJECTS if name == "objects" else None
    return tuple(_stored()[name]["templates"])


def class_names(name: str) -> tuple[str, ...]:
    """The classes of a published set, by label.

    >>> class_names("clevr-counts")[:2], len(class_names("imagenet"))
    (('three', 'four'), 1000)
    """
    return tuple(_stored()[name]["classes"])


@cache
def _stored() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = json.loads(
        Path(__file__).with_name("class_names.json").read_text(encoding="utf-8")
    )
    return found
