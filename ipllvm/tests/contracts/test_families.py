"""What every registered model family keeps to: it is tested, and its stages fit each other."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ipllvm.models import forecast
from ipllvm.models.loading import load
from ipllvm.models.whole import WholeModel
from ipllvm.registry import FAMILIES
from ipllvm.tests.tiny import KINDS, NEEDS, make

FIRST = {made.family: kind for kind, made in reversed(KINDS.items())}
"""A kind of checkpoint of each family."""


def test_every_family_has_a_tiny_checkpoint_with_its_real_processor() -> None:
    assert set(FAMILIES) <= set(FIRST)


def test_every_family_is_forecast_by_its_views_or_by_the_picture() -> None:
    ours = set(FAMILIES) - set(FAMILIES.installed)
    assert ours == {*forecast.TILES, *forecast.BY_PICTURE}, "name it in ipllvm/models/forecast.py"
    assert set(forecast.TILES).isdisjoint(forecast.BY_PICTURE)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("family", list(FAMILIES))
def test_stages_fit(family: str, tmp_path: Path) -> None:
    kind = FIRST[family]
    if any(find_spec(package) is None for package in NEEDS.get(kind, ())):
        pytest.skip(f"it needs {', '.join(NEEDS[kind])}")
    model = load(str(make(kind, tmp_path)), device="cpu")
    if isinstance(model, WholeModel):
        assert model.sealed and model.info().family == family and model.batch_size() >= 1
        return
    pixels = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    prepared = model.prepare([Image.fromarray(pixels)], "what?")
    with torch.inference_mode():
        (encoded,) = model.encode([prepared])
        packed = model.pack(encoded.projected, prepared)
        embeds = model.embed(prepared, packed)
    assert encoded.projected.ndim == encoded.patches.ndim == 3
    assert len(packed) == len(model.layout(prepared)) == int(prepared.visual.sum())
    assert len(embeds) == len(prepared.input_ids)
    info = model.info()
    assert info.family == family
    assert len(info.fingerprint) == 64
    assert info.parameters > 0
    assert info.dtype == "float32"
    assert model.batch_size() >= 1
    grid = model.patch_grid()
    assert grid is None or grid > 0
