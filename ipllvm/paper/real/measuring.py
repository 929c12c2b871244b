"""Crops of photographs found again by encoders, as they are, with cells in black and with cells shuffled."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image
from torch import Tensor

from ipllvm.paper.real.photographs import Crop
from ipllvm.perturbations.occlusion import Drop, RandomDrop, SalientDrop
from ipllvm.perturbations.shuffle import PatchShuffle
from ipllvm.records import Scores
from ipllvm.sampling import generator

RATIOS: Final = (0.25, 0.5, 0.75, 0.9)
OWN: Final = 16
"""Cells a side, as this ViT has patches of 14 pixels; the paper's 14 are the patches of ViTs of 16 pixels."""
ACROSS: Final = 14
"""Cells whose edges cut through this ViT's patches."""
GRIDS: Final = (2, 4, 8, ACROSS, OWN)
COARSE: Final = (4, 8)
"""Cells a side of coarser cells, of whole patches too: their shape tells how fine black cells are borne."""
HALF: Final = 0.5
DRAWS: Final = 1
CUT: Final = "random across patches"
MODES: Final = ("random", "salient", "non-salient", CUT)
SHUFFLED: Final = "shuffled"
COARSER: Final = "half in black, coarser cells"
"""Its scores are kept by the number of cells a side."""
PHOTOGRAPH, ITSELF = "photograph", "itself"
"""That the nearest other crop is of the same photograph; that the nearest picture is the picture itself."""

Saliency = Callable[[Image.Image], Float[np.ndarray, "rows columns"]]
Maps = Mapping[str, Float[np.ndarray, "rows columns"]]


class Features(Protocol):
    """What an encoder makes of pictures: vectors of length 1."""

    def pictures(self, images: Iterable[Image.Image]) -> Float[Tensor, "images width"]:
        """One vector a picture."""
        ...


@dataclass(frozen=True, slots=True)
class ScoreKey:
    """Which scores: of which encoder, what is found, under what, how much of it (0: as they are)."""

    encoder: str
    found: str
    mode: str
    at: float


Change = RandomDrop | SalientDrop | PatchShuffle


def changes(
    ratios: Sequence[float] = RATIOS, grids: Sequence[int] = GRIDS, coarse: Sequence[int] = COARSE
) -> Iterator[tuple[str, float, Change]]:
    """Every change with its mode and how much of it there is."""
    for ratio in ratios:
        yield "random", ratio, RandomDrop(ratio, OWN)
        yield "salient", ratio, SalientDrop(ratio, OWN)
        yield "non-salient", ratio, SalientDrop(ratio, OWN, lowest=True)
        yield CUT, ratio, RandomDrop(ratio, ACROSS)
    for grid in grids:
        yield SHUFFLED, float(grid), PatchShuffle(grid)
    for grid in coarse:
        yield COARSER, float(grid), RandomDrop(HALF, grid)


def pictures(crops: int, draws: int = DRAWS) -> int:
    """How many pictures `measure` gives each encoder, by default."""
    return crops * (1 + sum(draws if change.random else 1 for _, _, change in changes()))


def measure(
    encoders: Mapping[str, Features],
    crops: Sequence[Crop],
    saliency: Saliency,
    *,
    ratios: Sequence[float] = RATIOS,
    grids: Sequence[int] = GRIDS,
    coarse: Sequence[int] = COARSE,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[ScoreKey, Scores]:
    """The scores of every encoder under every change; all see the same changed crops.

    A salient drop is one draw, since nothing about it is random.
    """
    maps = {crop.name: saliency(crop.picture) for crop in crops}
    clean = {name: each.pictures(crop.picture for crop in crops) for name, each in encoders.items()}
    found: dict[ScoreKey, Scores] = {}
    for name, gallery in clean.items():
        for what, values in both(gallery, gallery, crops).items():
            scores = _scores("clean", crops, [values])
            found |= {ScoreKey(name, what, mode, 0.0): scores for mode in (*MODES, SHUFFLED, COARSER)}
    for mode, at, change in changes(ratios, grids, coarse):
        drawn = [
            [changed(change, crop, maps, draw, seed) for crop in crops]
            for draw in range(draws if change.random else 1)
        ]
        for name, encoder in encoders.items():
            each = [both(clean[name], encoder.pictures(pictures), crops) for pictures in drawn]
            for what in (PHOTOGRAPH, ITSELF):
                found[ScoreKey(name, what, mode, at)] = _scores(str(change), crops, [e[what] for e in each])
    return found


def changed(change: Change, crop: Crop, maps: Maps, draw: int, seed: int) -> Image.Image:
    """The crop after a draw of the change."""
    rng = generator(seed, crop.name, change.seed_key, draw)
    ready: Drop | Change = change.given(maps[crop.name]) if isinstance(change, SalientDrop) else change
    return ready.apply(crop.picture, None, rng)


def both(
    gallery: Float[Tensor, "crops width"], changed_crops: Float[Tensor, "crops width"], crops: Sequence[Crop]
) -> dict[str, Bool[np.ndarray, "crops"]]:
    """Whether each changed crop finds its photograph among the other clean crops, and itself among all."""
    near = (changed_crops @ gallery.T).numpy()
    itself = near.argmax(1) == np.arange(len(crops))
    np.fill_diagonal(near, -np.inf)
    of = np.array([crop.photograph for crop in crops])
    return {PHOTOGRAPH: of[near.argmax(1)] == of, ITSELF: itself}


def _scores(name: str, crops: Sequence[Crop], draws: Sequence[Bool[np.ndarray, "crops"]]) -> Scores:
    """Crops are samples, photographs clusters."""
    return Scores(
        name,
        tuple(crop.name for crop in crops),
        tuple(crop.photograph for crop in crops),
        np.stack(draws, axis=1).astype(float),
    )
