"""Names: of protocols, and others that published benchmarks go by."""

from typing import Final

STANDARD: Final = "standard"
PAPER: Final = "paper"

ALIASES: Final = {
    "q-bench": "qbench",
    "mm-star": "mmstar",
    "mm-vet": "mmvet",
    "llava-w": "llavaw",
    "llava-bench": "llavaw",
    "scienceqa_img": "scienceqa",
    "scienceqa-img": "scienceqa",
    "sqa": "scienceqa",
    "seedbench": "seed",
    "seedbench_img": "seed",
    "seed-img": "seed",
    "imagenet1k": "imagenet",
    "imagenet-1k": "imagenet",
    "fgvc-aircraft": "aircraft",
    "clevr_count_all": "clevr-counts",
}
