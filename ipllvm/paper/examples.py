"""Figures 3 and 5: a picture with its cells shuffled, and occluded in three ways."""

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image

from ipllvm.perturbations.occlusion import RandomDrop, SalientDrop
from ipllvm.perturbations.shuffle import PatchShuffle
from ipllvm.sampling import generator

SIDE, GAP = 160, 8
GRIDS = (2, 4, 8, 14)
HALF = 0.5
Saliency = Callable[[Image.Image], np.ndarray]


def shuffled(picture: Image.Image, saliency: Saliency) -> dict[str, Image.Image]:
    """Fig. 3: the picture, then on each grid."""
    grids = {f"{n} x {n}": PatchShuffle(n).apply(picture, None, generator("Fig. 3", n)) for n in GRIDS}
    return {"original": picture, **grids}


def occluded(picture: Image.Image, saliency: Saliency) -> dict[str, Image.Image]:
    """Fig. 5, right: the picture, then with half of its cells in black."""
    found, rng = saliency(picture), generator("Fig. 5")
    drops = {
        "random": RandomDrop(HALF).drop(rng),
        "salient": SalientDrop(HALF).given(found),
        "non-salient": SalientDrop(HALF, lowest=True).given(found),
    }
    drawn = {name: drop.apply(picture, None, rng) for name, drop in drops.items()}
    return {"original": picture, **drawn}


MAKERS: Mapping[str, Callable[[Image.Image, Saliency], dict[str, Image.Image]]] = {
    "fig3": shuffled,
    "fig5": occluded,
}


def strip(pictures: Mapping[str, Image.Image]) -> Image.Image:
    """The pictures side by side on white, in their order."""
    whole = Image.new("RGB", ((SIDE + GAP) * len(pictures) - GAP, SIDE), "white")
    for place, each in enumerate(pictures.values()):
        small = each.convert("RGB").copy()
        small.thumbnail((SIDE, SIDE))
        whole.paste(small, (place * (SIDE + GAP), (SIDE - small.height) // 2))
    return whole
