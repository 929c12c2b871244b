"""Saliency is the CLS attention of the last block, as the checkpoint's own class computes it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import CLIPConfig, CLIPModel, CLIPVisionConfig, CLIPVisionModel, ViTConfig, ViTModel

from ipllvm.artifacts import Artifacts
from ipllvm.artifacts.saliency import IMAGENET, load
from ipllvm.errors import ModelUnavailable, UnknownName, UsageError
from ipllvm.perturbations.occlusion import SalientDrop

VISION: dict[str, Any] = {
    "hidden_size": 24, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 3,
    "image_size": 28, "patch_size": 7, "initializer_range": 0.5,
}  # fmt: skip
TEXT: dict[str, Any] = {
    "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
    "vocab_size": 50, "eos_token_id": 1,
}  # fmt: skip
COLOURS = {"image_mean": [0.48, 0.46, 0.41], "image_std": [0.27, 0.26, 0.28]}
IMAGE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8))


def make(kind: str, folder: Path, seed: int = 0) -> Path:
    """A tiny random encoder of the real class in the hub's format."""
    made: Any
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if kind == "clip":
            config = CLIPConfig(text_config=TEXT, vision_config=VISION, projection_dim=16)
            made = CLIPModel(config)
        elif kind == "clip_vision_model":
            made = CLIPVisionModel(CLIPVisionConfig(**VISION))
        else:
            made = ViTModel(ViTConfig(**VISION), add_pooling_layer=False)
        for weight in made.parameters():
            if weight.ndim > 1:
                torch.nn.init.normal_(weight, std=2 / weight.shape[-1] ** 0.5)
    made.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(COLOURS), encoding="utf-8")
    return folder


def _pixels(side: int, mean: Any, std: Any) -> torch.Tensor:
    square = np.asarray(IMAGE.resize((side, side), Image.Resampling.BICUBIC), dtype=np.float32)
    return torch.from_numpy((square / 255 - np.float32(mean)) / np.float32(std)).permute(2, 0, 1)[None]


def _attention(vision: Any, pixels: torch.Tensor) -> torch.Tensor:
    """The last block's attention from CLS to the patches, [heads, patches], by its definition."""
    with torch.no_grad():
        hidden = vision(pixels, output_hidden_states=True).hidden_states[-2]
        (block,) = [m for n, m in vision.named_modules() if n.endswith("layers.2")]
        first = "layer_norm1" if hasattr(block, "layer_norm1") else "layernorm_before"
        parts = {name.rsplit(".", 1)[-1]: module for name, module in block.named_modules()}
        normed = getattr(block, first)(hidden)
        q, k = (parts[name](normed).view(-1, 3, 8).transpose(0, 1) for name in ("q_proj", "k_proj"))
        return torch.softmax(q @ k.transpose(1, 2) / 8**0.5, dim=-1)[:, 0, 1:]


@pytest.mark.parametrize("kind", ["clip", "clip_vision_model", "vit"])
def test_it_is_the_attention_of_the_class_token(kind: str, tmp_path: Path) -> None:
    folder = make(kind, tmp_path)
    classes: Any = {"clip": CLIPModel, "clip_vision_model": CLIPVisionModel, "vit": ViTModel}[kind]
    model = classes.from_pretrained(folder, attn_implementation="eager").eval()
    vision = getattr(model, "vision_model", model)
    colours = IMAGENET if kind == "vit" else (COLOURS["image_mean"], COLOURS["image_std"])
    pixels = _pixels(28, *colours)
    expected = _attention(vision, pixels)
    for head in range(3):
        found = load(str(folder), head=head).of(IMAGE)
        assert found.shape == (4, 4) and found.dtype == np.float32
        assert np.allclose(found.ravel(), expected[head].numpy(), atol=1e-6)
    default = load(str(folder)).of(IMAGE).ravel()
    assert np.allclose(default, (expected[1] if kind == "vit" else expected.mean(0)).numpy(), atol=1e-6)
    with torch.no_grad():
        theirs = vision(pixels, output_attentions=True).attentions[-1][0, :, 0, 1:]
    assert np.allclose(load(str(folder), head="mean").of(IMAGE).ravel(), theirs.mean(0).numpy(), atol=1e-6)


@pytest.mark.parametrize(("kind", "registers"), [("Dinov2", 0), ("Dinov2WithRegisters", 3)])
def test_dinov2_attends_to_its_patches_behind_its_registers(
    kind: str, registers: int, tmp_path: Path
) -> None:
    import transformers

    extra = {"num_register_tokens": registers} if registers else {}
    config = getattr(transformers, f"{kind}Config")(**{**VISION, "mlp_ratio": 2}, **extra)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        getattr(transformers, f"{kind}Model")(config).save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(COLOURS), encoding="utf-8")
    model = getattr(transformers, f"{kind}Model").from_pretrained(tmp_path, attn_implementation="eager")
    with torch.no_grad():
        pixels = _pixels(28, COLOURS["image_mean"], COLOURS["image_std"])
        theirs = model.eval()(pixels, output_attentions=True).attentions[-1][0, :, 0, 1 + registers :]
    found = load(str(tmp_path)).of(IMAGE)
    assert found.shape == (4, 4) and np.allclose(found.ravel(), theirs.mean(0).numpy(), atol=1e-6)
    larger = load(str(tmp_path), side=42)
    assert larger.of(IMAGE).shape == (6, 6) and larger.identity.endswith(" head mean at 42")


def test_the_embedded_encoder_is_the_default() -> None:
    provider = load()
    assert provider.identity.startswith("clip-tiny@") and provider.identity.endswith(" head mean")
    found = provider.of(IMAGE)
    assert found.shape == (8, 8) and found.dtype == np.float32
    assert (found > 0).all() and 0 < found.sum() < 1
    assert np.array_equal(found, load().of(IMAGE))


def test_the_embedded_encoder_attends_as_transformers_says() -> None:
    from ipllvm.models import sources

    folder = sources.encoder("clip-tiny", ())
    vision = CLIPModel.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).vision_model
    shipped = json.loads((folder / "processor_config.json").read_text())["image_processor"]
    with torch.no_grad():
        seen = vision(
            pixel_values=_pixels(112, shipped["image_mean"], shipped["image_std"]), output_attentions=True
        )
    expected = seen.attentions[-1][0, :, 0, 1:].mean(0).reshape(8, 8)
    assert np.allclose(load().of(IMAGE), expected.numpy(), atol=1e-6)


def test_the_identity_names_weights_and_head(tmp_path: Path) -> None:
    folders = [make("vit", tmp_path / str(seed) / "vit", seed) for seed in range(2)]
    first, second = (load(str(folder)).identity for folder in folders)
    assert first != second and first.startswith("vit@") and first.endswith(" head 1")
    assert load(str(folders[0]), head="mean").identity == first.replace("head 1", "head mean")
    assert load(str(folders[0])).identity == first


def test_weights_are_read_at_the_first_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make("vit", tmp_path / "vit")
    kept = Artifacts({"saliency": load(str(folder))}, tmp_path / "maps").get("saliency", IMAGE)
    monkeypatch.delattr("transformers.AutoModel.from_pretrained")
    again = Artifacts({"saliency": load(str(folder))}, tmp_path / "maps").get("saliency", IMAGE)
    assert np.array_equal(kept, again)


def test_where_heads_are_averaged_the_config_waits_for_the_first_map_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make("clip", tmp_path / "clip")
    found = Artifacts({"saliency": load(str(folder))}, tmp_path / "maps").get("saliency", IMAGE)
    monkeypatch.delattr("transformers.AutoConfig.from_pretrained")  # transformers takes seconds to import
    again = Artifacts({"saliency": load(str(folder))}, tmp_path / "maps").get("saliency", IMAGE)
    assert np.array_equal(found, again)


def test_a_map_says_which_cells_are_dropped() -> None:
    provider = load()
    artifacts = Artifacts({"saliency": provider})
    drop = SalientDrop(0.25, 8, provider=provider.identity)
    cells = drop.given(artifacts.get(drop.artifact, IMAGE)).cells
    ranked = np.argsort(provider.of(IMAGE).ravel())
    assert set(cells) == set(ranked[-16:].tolist())
    assert provider.identity in str(drop)


def test_a_model_without_a_class_token_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "siglip"}')
    with pytest.raises(ModelUnavailable, match="no saliency from a model of type siglip"):
        load(str(tmp_path))


def test_a_head_that_is_not_there_is_refused(tmp_path: Path) -> None:
    folder = make("vit", tmp_path / "vit")
    for head in (3, -1, "most"):
        with pytest.raises(UsageError, match=f"vit has no attention head {head}: use 0 to 2, or mean"):
            load(str(folder), head=head)


def test_an_incomplete_folder_is_refused(tmp_path: Path) -> None:
    folder = make("clip", tmp_path / "clip")
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(ModelUnavailable, match="no image_mean and image_std"):
        load(str(folder))
    (folder / "preprocessor_config.json").write_text(json.dumps(COLOURS))
    (folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelUnavailable, match="not a whole safetensors file"):
        load(str(folder)).of(IMAGE)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelUnavailable, match=r"no model\.safetensors"):
        load(str(folder))


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UnknownName, match="did you mean 'clip-tiny'"):
        load("clip-tny")
    with pytest.raises(ModelUnavailable, match="not in the hub cache and --offline is set"):
        load("no-such-owner/no-such-encoder", offline=True)
