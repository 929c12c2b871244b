"""A perturbation that changes makes other answers of the same trials: then ENGINE must be raised.

Where this fails and the change is meant, raise ENGINE in ipllvm/engine/context.py and write down what
is found here. What a perturbation that resizes makes is Pillow's too: it is compared under the release
that is pinned, and under every release by what bicubic does to an edge.
"""

import hashlib
from typing import Any

import numpy as np
import PIL
import pytest
import torch
from PIL import Image

from ipllvm.engine.context import ENGINE
from ipllvm.perturbations.shuffle import CellSwaps, PatchShuffle, fitted
from ipllvm.records import NeedsArtifact, Stage
from ipllvm.registry import PERTURBATIONS
from ipllvm.tests.contracts.test_perturbations import LAYOUT, TOKENS

MADE_BY = 4
PILLOW = "13.0.0"
"""The release that made what is resized."""
MADE = {
    "blank": "00a3e10a8415",
    "cell_swaps": "5251c8a7bb3b",
    "clean": "5251c8a7bb3b",
    "drop": "5251c8a7bb3b",
    "group_noise": "f2190ab74481",
    "keep": "18c983a864e6",
    "layer_noise": "f38192b3df28",
    "letterboxed": "b06e16c38d66",
    "patch_shuffle": "e53d8cdbc3bb",
    "permutation": "afcd071096a0",
    "pixel_noise": "9aecde0b54be",
    "random_drop": "e106c0d1267a",
    "salient_drop": "2eff4d3db856",
    "swaps": "fcf3c033c7d5",
    "oriented": "4415e884dcc7",
    "synthetic": "0b388095b58c",
    "untouched": "fcf3c033c7d5",
}
PILLOWS = {"jpeg": "03b21f43286c", "resized": "1d2f7c96a42e"}
"""What Pillow and its libraries have a hand in, whatever the picture's size."""
PICTURE = Image.fromarray((np.arange(34 * 20 * 3) * 7 % 255 + 1).astype(np.uint8).reshape(34, 20, 3))
ARTIFACTS = {"synthetic": np.asarray(PICTURE)[::-1]}
UNFIT = Image.fromarray((np.arange(32 * 19 * 3) * 7 % 255 + 1).astype(np.uint8).reshape(32, 19, 3))
"""A picture that a grid of 3 does not divide."""
SALIENCY = (np.arange(64, dtype=np.float32) * 29 % 64 / 64).reshape(8, 8)


def _value(stage: Stage) -> Any:
    if stage is Stage.PIXELS:
        return PICTURE
    return torch.arange(TOKENS * 4).reshape(TOKENS, 4) * 37 % 101 / 101


def _made(name: str) -> str:
    """The start of a digest of what it makes, to four digits."""
    perturbation = PERTURBATIONS.load(name)()
    if isinstance(perturbation, NeedsArtifact):
        perturbation = perturbation.given(ARTIFACTS.get(name, SALIENCY))
    return _digest(perturbation.apply(_value(perturbation.stage), LAYOUT, np.random.default_rng(3)))


def _digest(found: Any) -> str:
    return hashlib.sha256((np.asarray(found) * 1e4).round().astype(np.int64).tobytes()).hexdigest()[:12]


@pytest.mark.parametrize("name", sorted(set(PERTURBATIONS) - PILLOWS.keys()))
def test_what_it_makes_belongs_to_the_engine(name: str) -> None:
    assert (ENGINE, _made(name)) == (MADE_BY, MADE.get(name))


@pytest.mark.skipif(PIL.__version__ != PILLOW, reason=f"made with Pillow {PILLOW}")
@pytest.mark.parametrize("name", PILLOWS)
def test_what_pillow_makes_of_it_belongs_to_the_engine(name: str) -> None:
    assert (ENGINE, _made(name)) == (MADE_BY, PILLOWS[name])


@pytest.mark.skipif(PIL.__version__ != PILLOW, reason=f"made with Pillow {PILLOW}")
@pytest.mark.parametrize(
    ("perturbation", "made"),
    [(PatchShuffle(grid=3), "a913e7b70406"), (CellSwaps(((0, 4),), grid=3), "d8683782d9e0")],
    ids=str,
)
def test_what_it_resizes_belongs_to_the_engine(perturbation: Any, made: str) -> None:
    found = perturbation.apply(UNFIT, None, np.random.default_rng(3))
    assert (ENGINE, _digest(found)) == (MADE_BY, made)


def test_pictures_are_resized_by_bicubic_interpolation() -> None:
    """Which overshoots at an edge, where bilinear interpolation stays between its neighbours."""
    edge = np.full((31, 31, 3), 64, dtype=np.uint8)
    edge[:, 16:] = 192
    found = np.asarray(fitted(Image.fromarray(edge), 9))
    assert found.shape == (27, 27, 3)
    assert found.min() < 64
    assert found.max() > 192
