"""Crops are found again where an encoder can, on made-up pictures and encoders with known answers."""

from collections.abc import Iterable

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ipllvm.paper.real.measuring import COARSER, CUT, ITSELF, PHOTOGRAPH, ScoreKey, changes, measure, pictures
from ipllvm.paper.real.photographs import Crop
from ipllvm.records import Scores
from ipllvm.sampling import generator

SIDE, N = 28, 6


def picture(of: int, crop: int) -> Image.Image:
    """The left half in the colour of its photograph, the right one in that of the crop."""
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    pixels[:, : SIDE // 2, 0], pixels[:, SIDE // 2 :, 1] = 40 * (of + 1), 40 * (crop + 1)
    return Image.fromarray(pixels)


CROPS = [Crop(f"{of}-{crop}", str(of), picture(of, crop)) for of in range(N) for crop in range(N)]


class Halves:
    """Sees the mean colour of the halves; what is black in one tells nothing of it."""

    def __init__(self, left: float, right: float) -> None:
        self._weights, self.seen = (left, right), list[bytes]()

    def pictures(self, images: Iterable[Image.Image]) -> Tensor:
        rows = []
        for image in images:
            self.seen.append(image.tobytes())
            array = np.asarray(image, dtype=np.float32)
            hot = torch.zeros(2, N + 1)
            for side, channel in enumerate((array[:, : SIDE // 2, 0], array[:, SIDE // 2 :, 1])):
                hot[side, round(float(channel.max()) / 40)] = self._weights[side]
            rows.append(hot.flatten())
        return torch.nn.functional.normalize(torch.stack(rows), dim=-1)


def left(image: Image.Image) -> np.ndarray:
    """The left half is what is salient."""
    return np.repeat([[2.0, 1.0]], 2, axis=0)


def mean(found: dict[ScoreKey, Scores], what: str, mode: str, at: float) -> float:
    return float(found[ScoreKey("e", what, mode, at)].values.mean())


def test_salient_cells_hurt_whoever_looks_at_them_and_the_others_do_not() -> None:
    found = measure({"e": Halves(1.0, 0.5)}, CROPS, left, ratios=(0.5,), grids=(), coarse=(), draws=1)
    assert mean(found, PHOTOGRAPH, "random", 0.0) == mean(found, ITSELF, "random", 0.0) == 1.0
    assert mean(found, PHOTOGRAPH, "salient", 0.5) == 0.0, "crops alike on the right are of other photographs"
    assert mean(found, PHOTOGRAPH, "non-salient", 0.5) == 1.0
    assert mean(found, ITSELF, "non-salient", 0.5) == pytest.approx(1 / N)


def test_one_that_sees_nothing_finds_by_chance() -> None:
    found = measure({"e": Halves(0.0, 0.0)}, CROPS, left, ratios=(), grids=(2,), coarse=(), draws=1)
    assert mean(found, ITSELF, "shuffled", 0.0) == 1 / len(CROPS)


def test_every_encoder_sees_the_same_pictures_and_draws_differ() -> None:
    first, second = Halves(1.0, 1.0), Halves(1.0, 0.0)
    found = measure(
        {"a": first, "b": second}, CROPS[:8], left, ratios=(0.5,), grids=(14,), coarse=(), draws=3
    )
    assert first.seen == second.seen and len(first.seen) == 8 * (1 + 3 + 1 + 1 + 3 + 3)
    shapes = {key.mode: scores.values.shape for key, scores in found.items() if key.at}
    assert shapes == {
        "random": (8, 3), "salient": (8, 1), "non-salient": (8, 1), "random across patches": (8, 3),
        "shuffled": (8, 3),
    }  # fmt: skip
    random = [first.seen[8 * (1 + draw) : 8 * (2 + draw)] for draw in range(3)]
    assert random[0] != random[1] != random[2]
    again = Halves(1.0, 1.0)
    measure({"a": again}, CROPS[:8], left, ratios=(0.5,), grids=(14,), coarse=(), draws=3)
    assert again.seen == first.seen, "another run draws the same"


def test_photographs_are_the_clusters() -> None:
    found = measure({"e": Halves(1.0, 1.0)}, CROPS, left, ratios=(), grids=(), coarse=(), draws=1)
    scores = found[ScoreKey("e", PHOTOGRAPH, "random", 0.0)]
    assert scores.clusters == tuple(crop.photograph for crop in CROPS)


def test_patches_go_whole_and_the_other_grid_cuts_through_them() -> None:
    """Of 224 pixels the ViT's patches are 14 wide."""
    white = Image.new("RGB", (224, 224), "white")
    found = {}
    for mode, _, change in changes((0.5,), (), ()):
        if mode in ("random", CUT):
            black = np.asarray(change.apply(white, None, generator("mask"))).max(2) == 0
            patches = black.reshape(16, 14, 16, 14).mean((1, 3))
            found[mode] = float(((patches > 0) & (patches < 1)).mean())
    assert found["random"] == 0.0 and found[CUT] > 0.6


def test_pictures_are_counted_as_they_are_given() -> None:
    seen = Halves(1.0, 1.0)
    found = measure({"e": seen}, CROPS[:4], left, draws=2)
    assert len(seen.seen) == pictures(4, draws=2)
    assert {key.at for key in found if key.mode == COARSER} == {0.0, 4.0, 8.0}
