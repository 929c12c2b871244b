"""Names: of protocols, and others that published benchmarks go by."""

from collections.abc import Mapping
from typing import Final

STANDARD: Final = "standard"
PAPER: Final = "paper"

AT: Final = "@"
"""Between a benchmark's name and its protocol."""

ACCEPTED: Final = "accepted"
"""The label of every answer of which any is right."""

REFUSE, FIRST, LAST = "refuse", "first", "last"
DUPLICATES: Final = (REFUSE, FIRST, LAST)
"""What to do with several answers to a row."""

MADE: Final = {
    "easyvqa": 9673, "easyvqa-mc": 9673, "easyvqa-wide": 9673, "easyvqa-tall": 9673,
    "scenes": 1500, "scenes-mc": 1500, "scenes-wide": 1500, "scenes-tall": 1500,
    "charts": 1500, "charts-mc": 1500, "word_problems": 1000, "objects": 750, "captions-mc": 1024,
    "planted": 1500, "planted-2": 1500, "planted-10": 1500, "planted-giant": 1500, "planted-graded": 1500,
    "planted-captions": 330,
}  # fmt: skip
"""Samples of what is made here, so that a list need not make it to count them; its contract checks them."""
EASYVQA: Final = "easyvqa"
"""What its names begin with: they are of a package that is optional."""

WRITING: Final[Mapping[str, bool | None]] = {
    **dict.fromkeys(("charts", "chartqa", "ai2d", "ai2d-no-mask", "mathvista"), True),
    **dict.fromkeys(
        ("scenes", "easyvqa", "objects", "captions", "mmvp", "qbench", "imagenet", "caltech101", "cifar100",
         "food101", "pets", "eurosat", "clevr-counts"), False),
    **dict.fromkeys(
        ("mme", "mmstar", "mmvet", "llavaw", "scienceqa", "seed", "country211", "aircraft", "docci",
         "gsm8k", "word_problems"), None),
}  # fmt: skip
"""Whether the pictures of a benchmark hold writing; None where some do, and where there are none."""

ALIASES: Final = {
    "q-bench": "qbench",
    "mm-star": "mmstar",
    "mm-vet": "mmvet",
    "llava-w": "llavaw",
    "llava-bench": "llavaw",
    "scienceqa_img": "scienceqa",
    "scienceqa-img": "scienceqa",
    "sqa": "scienceqa",
    "sqa-img": "scienceqa",
    "seedbench": "seed",
    "seedbench_img": "seed",
    "seed-img": "seed",
    "imagenet1k": "imagenet",
    "imagenet-1k": "imagenet",
    "fgvc-aircraft": "aircraft",
    "clevr_count_all": "clevr-counts",
}


def base(name: str) -> str:
    """A benchmark's name without its protocol.

    >>> base("mme@paper"), base("scenes")
    ('mme', 'scenes')
    """
    return name.partition(AT)[0]


_RENDERINGS: Final = ("-mc", "-wide", "-tall")


def source(name: str) -> str:
    """What a benchmark's pictures and questions are, however they are put: without protocol and rendering.

    >>> source("scenes-mc"), source("easyvqa-wide"), source("mme@paper"), source("planted-10")
    ('scenes', 'easyvqa', 'mme', 'planted-10')
    """
    plain = base(name)
    return next((plain.removesuffix(each) for each in _RENDERINGS if plain.endswith(each)), plain)


def with_writing(name: str) -> bool | None:
    """Whether the pictures of a benchmark hold writing; None where only some do, and of own ones.

    >>> with_writing("charts-mc"), with_writing("scenes"), with_writing("mmstar")
    (True, False, None)
    """
    return WRITING.get(source(name))
