"""A perturbation that changes makes other answers of the same trials: then ENGINE must be raised.

Where this fails and the change is meant, raise ENGINE in ipllvm/engine/context.py and write down what
is found here. Perturbations that resize pictures are left out: what they make is Pillow's.
"""

import hashlib
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ipllvm.engine.context import ENGINE
from ipllvm.records import NeedsArtifact, Stage
from ipllvm.registry import PERTURBATIONS
from ipllvm.tests.contracts.test_perturbations import LAYOUT, RESIZED, TOKENS

MADE_BY = 3
MADE = {
    "blank": "00a3e10a8415",
    "cell_swaps": "5251c8a7bb3b",
    "clean": "5251c8a7bb3b",
    "drop": "5251c8a7bb3b",
    "group_noise": "f2190ab74481",
    "keep": "18c983a864e6",
    "layer_noise": "f38192b3df28",
    "permutation": "afcd071096a0",
    "random_drop": "e106c0d1267a",
    "salient_drop": "2eff4d3db856",
    "swaps": "fcf3c033c7d5",
    "untouched": "fcf3c033c7d5",
}
PICTURE = Image.fromarray((np.arange(34 * 20 * 3) * 7 % 255 + 1).astype(np.uint8).reshape(34, 20, 3))
SALIENCY = (np.arange(64, dtype=np.float32) * 29 % 64 / 64).reshape(8, 8)


def _value(stage: Stage) -> Any:
    if stage is Stage.PIXELS:
        return PICTURE
    return torch.arange(TOKENS * 4).reshape(TOKENS, 4) * 37 % 101 / 101


def _made(name: str) -> str:
    """The start of a digest of what it makes, to four digits."""
    perturbation = PERTURBATIONS.load(name)()
    if isinstance(perturbation, NeedsArtifact):
        perturbation = perturbation.given(SALIENCY)
    found = perturbation.apply(_value(perturbation.stage), LAYOUT, np.random.default_rng(3))
    return hashlib.sha256((np.asarray(found) * 1e4).round().astype(np.int64).tobytes()).hexdigest()[:12]


@pytest.mark.parametrize("name", sorted(set(PERTURBATIONS) - RESIZED))
def test_what_it_makes_belongs_to_the_engine(name: str) -> None:
    assert (ENGINE, _made(name)) == (MADE_BY, MADE.get(name))
