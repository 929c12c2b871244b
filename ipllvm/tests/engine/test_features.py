"""Features around the projector: means over patches and visual tokens, separators left out."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ipllvm.engine.features import projected
from ipllvm.models.loading import load
from ipllvm.tests.checkpoints import FAMILIES, make
from ipllvm.tests.engine.pictures import samples


@pytest.mark.parametrize("family", FAMILIES)
def test_they_are_means_over_patches_and_tokens(family: str, tmp_path: Path) -> None:
    model, rows = load(str(make(family, tmp_path / family)), device="cpu"), samples(6)
    inputs, outputs = projected(model, rows, 4)
    assert inputs.shape[:2] == outputs.shape[:2] == (6, 1)
    for row in (0, 2, 5):
        prepared = model.prepare([rows[row].images[0].load()], rows[row].prompt)
        with torch.inference_mode():
            (encoded,) = model.encode([prepared])
            packed = model.pack(encoded.projected, prepared)
        kept = packed[torch.from_numpy(~model.layout(prepared).newline)]
        assert np.allclose(inputs[row, 0], encoded.patches.flatten(0, 1).mean(0), atol=1e-5)
        assert np.allclose(outputs[row, 0], kept.mean(0), atol=1e-5)
