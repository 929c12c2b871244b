"""timm's checkpoints, where timm and torchvision are beside: pixels, classes and features are timm's own."""

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from ipllvm.models import loading_encoder
from ipllvm.models.loading import load, sketch
from ipllvm.tests import torchvision_shim

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        find_spec("timm") is None or not torchvision_shim.usable(), reason="timm and torchvision are not here"
    ),
    pytest.mark.filterwarnings("ignore"),
]
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
CLIP = {"mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711]}
HALF = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}


def prepared(side: int, crop: float, how: str = "bicubic", mode: str = "center") -> dict[str, Any]:
    """What timm says of pictures."""
    return {"input_size": [3, side, side], "crop_pct": crop, "interpolation": how, "crop_mode": mode}


def vit(side: int) -> dict[str, Any]:
    """What makes a ViT small."""
    return {"embed_dim": 24, "depth": 2, "num_heads": 2, "img_size": side}


KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "resnet10t": ({}, {**prepared(56, 0.875, "bilinear"), **IMAGENET}),
    "resnet50": ({"layers": [1, 1, 1, 1]}, {**prepared(64, 0.95), **IMAGENET}),
    "vit_base_patch32_clip_quickgelu_224": (vit(64), {**prepared(64, 0.9), **CLIP}),
    "vit_tiny_patch16_224": (vit(64), {**prepared(64, 0.9), **HALF}),
    "deit_tiny_distilled_patch16_224": (vit(64), {**prepared(64, 0.875), **IMAGENET}),
    "vit_small_patch14_dinov2": (vit(56), {**prepared(56, 1.0), **IMAGENET}),
    "convnext_atto": ({"depths": [1, 1, 1, 1]}, {**prepared(64, 0.95), **IMAGENET}),
    "swin_tiny_patch4_window7_224": (
        {"embed_dim": 16, "depths": [1, 1], "num_heads": [2, 2], "img_size": 64, "window_size": 4},
        {**prepared(64, 0.9), **IMAGENET},
    ),
    "vit_base_patch16_siglip_224": (vit(64), {**prepared(64, 1.0, mode="squash"), **HALF}),
}
"""Architecture: what makes it small, and how its pictures are prepared."""
SIZES = ((80, 60), (50, 250), (250, 50), (1, 1), (64, 64))


def checkpoint(place: Path, kind: str) -> tuple[Path, Any]:
    """A folder as timm writes it for the hub, and the model."""
    timm: Any = import_module("timm")
    small, pictures = KINDS[kind]
    torch.manual_seed(0)
    model = timm.create_model(kind, num_classes=5, **small).eval()
    place.mkdir()
    config = {
        "architecture": kind, "num_classes": 5, "num_features": model.num_features, "model_args": small,
        "label_names": [f"n{n}" for n in range(5)],
        "pretrained_cfg": {"tag": "made_up", "num_classes": 5, "fixed_input_size": True, **pictures},
    }  # fmt: skip
    (place / "config.json").write_text(json.dumps(config), encoding="utf-8")
    save_file(model.state_dict(), place / "model.safetensors", metadata={"format": "pt"})
    return place, model


def picture(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_and_classes_are_those_of_timm(kind: str, tmp_path: Path) -> None:
    timm: Any = import_module("timm")
    folder, plain = checkpoint(tmp_path / "it", kind)
    raw = json.loads((folder / "config.json").read_text("utf-8"))["pretrained_cfg"]
    transform = timm.data.create_transform(
        **timm.data.resolve_data_config(raw, model=None), is_training=False
    )
    model = load(str(folder), device="cpu")
    assert sketch(str(folder)).info().parameters == sum(p.numel() for p in plain.parameters())
    for size in SIZES:
        shown = picture(*size)
        expected = transform(shown)
        pixels = model.prepare([shown], "what is it?").fields["pixel_values"]
        assert torch.equal(pixels[0], expected), size
        with torch.inference_mode():
            logits = model._classes(pixels)  # type: ignore[attr-defined]
            assert torch.allclose(logits, plain(expected[None]), atol=1e-5)
    for mode in ("L", "RGBA", "P", "CMYK", "1"):
        shown = picture(80, 60).convert(mode)
        assert torch.equal(
            model.prepare([shown], "?").fields["pixel_values"][0], transform(shown.convert("RGB"))
        )


@pytest.mark.parametrize("kind", KINDS)
def test_features_are_those_of_timm(kind: str, tmp_path: Path) -> None:
    folder, plain = checkpoint(tmp_path / "it", kind)
    encoder = loading_encoder.load(str(folder), device="cpu")
    shown = [picture(*size) for size in SIZES]
    pixels = encoder.pixels(shown)
    blocks: list[Any] = []
    for block in getattr(plain, "blocks", ()):
        block.register_forward_hook(lambda module, args, output: blocks.append(output))
    with torch.inference_mode():
        last = plain.forward_features(pixels)
        own = torch.nn.functional.normalize(plain.forward_head(last, pre_logits=True), dim=-1)
    assert torch.allclose(encoder.pictures(shown), own, atol=1e-5)
    cls, patches = encoder.states(shown)
    before = int(getattr(plain, "num_prefix_tokens", 0))
    assert cls.shape[1] == max(len(blocks), 1)
    for layer, block in enumerate(blocks):
        assert np.allclose(patches[:, layer], block[:, before:].mean(1), atol=1e-5)
        if before:
            assert np.allclose(cls[:, layer], block[:, 0], atol=1e-5)
    if not blocks:
        places = (1, 2) if last.shape[-1] == plain.num_features else (2, 3)
        assert np.allclose(patches[:, 0], last.mean(places), atol=1e-5)
