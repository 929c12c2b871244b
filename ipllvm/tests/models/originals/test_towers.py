"""How the pictures of an original checkpoint's tower are prepared: as the authors' code does, or refused."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from ipllvm.errors import ModelUnavailable
from ipllvm.models.load_options import LoadOptions
from ipllvm.models.loading import sketch
from ipllvm.tests.models.originals.vectors import NAMES, whole

PICTURE = Image.linear_gradient("L").resize((70, 40)).convert("RGB")
ODD: dict[str, Any] = {
    "size": {"shortest_edge": 64}, "crop_size": 48, "do_resize": False, "do_center_crop": False,
    "do_normalize": False, "do_rescale": False, "rescale_factor": 1 / 127.5,
}  # fmt: skip


def described(tower: Path, **settings: Any) -> None:
    """Other settings of a tower's pictures."""
    path = tower / "preprocessor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | settings))


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("checkpoint", NAMES[:2])
def test_pictures_that_are_prepared_otherwise_are_refused(checkpoint: str, name: str, tmp_path: Path) -> None:
    folder = whole(checkpoint, tmp_path)
    described(tmp_path / "clip-tiny-56", **{name: ODD[name]})
    with pytest.raises(ModelUnavailable, match=rf"preprocessor_config\.json's {name} .*of 56 pixels"):
        sketch(str(folder))


@pytest.mark.parametrize("layer", [-5, 4, 23])
def test_a_layer_that_the_tower_does_not_have_is_refused(layer: int, tmp_path: Path) -> None:
    folder = whole(NAMES[0], tmp_path)
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"mm_vision_select_layer": layer}))
    with pytest.raises(ModelUnavailable, match=rf"mm_vision_select_layer '{layer}', .*known: -4 to 3, which"):
        sketch(str(folder))


def test_siglips_pictures_are_the_authors_codes_own(tmp_path: Path) -> None:
    tower = whole("siglip-tiny-56", tmp_path)
    folder = whole(NAMES[3], tmp_path)
    asked = LoadOptions(vision_tower=str(tower))
    usual = sketch(str(folder), how=asked).prepare([PICTURE], "what?")
    described(tower, image_mean=[0.1] * 3, image_std=[0.3] * 3, resample=0)
    found = sketch(str(folder), how=asked).prepare([PICTURE], "what?")
    assert torch.equal(found.fields["pixel_values"], usual.fields["pixel_values"])
