"""Names: of protocols, and others that published benchmarks go by."""

from typing import Final

STANDARD: Final = "standard"
PAPER: Final = "paper"

AT: Final = "@"
"""Between a benchmark's name and its protocol."""

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
