"""What every registered model family keeps to: it loads, and its stages fit each other."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ipllvm.models.loading import load
from ipllvm.registry import FAMILIES
from ipllvm.tests.checkpoints import make


@pytest.mark.parametrize("family", list(FAMILIES))
def test_stages_fit(family: str, tmp_path: Path) -> None:
    model = load(str(make(family, tmp_path)), device="cpu")
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    prepared = model.prepare([Image.fromarray(pixels)], "what?")
    with torch.inference_mode():
        projected = model.projected([prepared])
        packed = model.pack(projected[0], prepared)
        embeds = model.embed(prepared, packed)
    assert projected[0].ndim == 3
    assert len(packed) == len(model.layout(prepared)) == int(prepared.visual.sum())
    assert torch.equal(embeds[prepared.visual], packed)
    info = model.info()
    assert info.family == family
    assert len(info.fingerprint) == 64
    assert info.parameters > 0
    assert info.dtype == "float32"
