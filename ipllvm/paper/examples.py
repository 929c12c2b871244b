"""Figures 3 and 5: a picture with its cells shuffled, and occluded in three ways."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from ipllvm.perturbations.occlusion import RandomDrop, SalientDrop
from ipllvm.perturbations.shuffle import PatchShuffle
from ipllvm.sampling import generator

SIDE, GAP, LINE = 160, 8, 18
"""Pixels of a picture's longer side, between two, and of the line with its name."""
GRIDS = (2, 4, 8, 14)
HALF = 0.5
Saliency = Callable[[Image.Image], np.ndarray]


@dataclass(frozen=True, slots=True)
class PicturedExample:
    """The picture of the figures, what makes its saliency map, and what a generator drew of its caption.

    `drawn` is None where nothing could be drawn; `words` then say why, else whose caption it is.
    """

    picture: Image.Image
    saliency: Saliency
    drawn: Image.Image | None = None
    words: str = ""


def shuffled(example: PicturedExample) -> dict[str, Image.Image]:
    """Fig. 3: the picture, then on each grid."""
    picture = example.picture
    grids = {f"{n} x {n}": PatchShuffle(n).apply(picture, None, generator("Fig. 3", n)) for n in GRIDS}
    return {"original": picture, **grids}


def occluded(example: PicturedExample) -> dict[str, Image.Image]:
    """Fig. 5: the picture, drawn anew from its caption where that is known, and with half of it in black."""
    picture = example.picture
    found, rng = example.saliency(picture), generator("Fig. 5")
    drops = {
        "random": RandomDrop(HALF).drop(rng),
        "salient": SalientDrop(HALF).given(found),
        "non-salient": SalientDrop(HALF, lowest=True).given(found),
    }
    dropped = {name: drop.apply(picture, None, rng) for name, drop in drops.items()}
    drawn = {} if example.drawn is None else {"synthesized": example.drawn}
    return {"original": picture, **drawn, **dropped}


MAKERS: Mapping[str, Callable[[PicturedExample], dict[str, Image.Image]]] = {
    "fig3": shuffled,
    "fig5": occluded,
}


def strip(pictures: Mapping[str, Image.Image]) -> Image.Image:
    """The pictures side by side on white, in their order, all of one size, each above its name."""
    whole = Image.new("RGB", ((SIDE + GAP) * len(pictures) - GAP, SIDE + LINE), "white")
    pen = ImageDraw.Draw(whole)
    for place, (name, each) in enumerate(pictures.items()):
        left, fitted = place * (SIDE + GAP), _fitted(each)
        whole.paste(fitted, (left + (SIDE - fitted.width) // 2, (SIDE - fitted.height) // 2))
        pen.text((left + SIDE // 2, SIDE + LINE // 2), name, fill="black", anchor="mm", font_size=12)
    return whole


def _fitted(picture: Image.Image) -> Image.Image:
    """As large as there is room; one that is made larger keeps its pixels as squares."""
    scale = SIDE / max(picture.size)
    how = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.convert("RGB").resize((width, height), how)
