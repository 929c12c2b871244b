"""Encoders alone: the joint space and the states are those of transformers' own CLIP."""

import json
import shutil
from pathlib import Path
from string import ascii_letters, digits
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from transformers import CLIPModel, CLIPProcessor

from ipllvm.benchmarks import objects
from ipllvm.benchmarks.templates import OBJECTS
from ipllvm.errors import ModelUnavailable, NotTested, UnknownName
from ipllvm.models import encoders, loading_encoder, parts, sources
from ipllvm.models.encoders import Encoder
from ipllvm.tests.tiny import KINDS
from ipllvm.tests.tiny.parts import pil, tokenizer

PICTURES = [objects.draw(1, "test", index)[0].load() for index in range(40)]
WORDS = ["a red circle.", "2 objects: a blue star in row 1 column 2, a teal cross in row 3 column 1."]


@pytest.fixture(scope="module")
def tiny() -> Encoder:
    return loading_encoder.load("clip-tiny", device="cpu")


@pytest.fixture(scope="module")
def theirs() -> tuple[Any, Any]:
    folder = sources.encoder("clip-tiny", ())
    auto: Any = CLIPModel
    processor: Any = CLIPProcessor.from_pretrained(folder)
    return auto.from_pretrained(folder, dtype=torch.float32).eval().requires_grad_(False), processor


def test_cosines_are_those_of_the_whole_model(tiny: Encoder, theirs: tuple[Any, Any]) -> None:
    model, processor = theirs
    with torch.inference_mode():
        done = model(**processor(images=PICTURES[:3], text=WORDS, return_tensors="pt", padding=True))
    found = tiny.pictures(PICTURES[:3]) @ tiny.texts(WORDS).T
    assert torch.allclose(found, done.logits_per_image / model.logit_scale.exp(), atol=1e-5)


def test_a_class_is_the_mean_of_its_templates(tiny: Encoder) -> None:
    templates = ("a {}.", "a photo of a {}.")
    one, two = (tiny.texts([template.format("red star")])[0] for template in templates)
    expected = torch.nn.functional.normalize(one + two, dim=0)
    assert torch.allclose(tiny.classes(["blue star", "red star"], templates)[1], expected, atol=1e-6)


def test_batches_change_nothing(tiny: Encoder) -> None:
    together = tiny.pictures(iter(PICTURES))
    assert together.shape[0] == len(PICTURES) > encoders.BATCH
    alone = torch.cat([tiny.pictures([PICTURES[index]]) for index in (0, 35)])
    assert torch.allclose(together[[0, 35]], alone, atol=1e-5)


def test_states_are_those_after_each_block(tiny: Encoder, theirs: tuple[Any, Any]) -> None:
    model, processor = theirs
    pixels = processor.image_processor(images=PICTURES[:2], return_tensors="pt")
    with torch.inference_mode():
        done = model.vision_model(**pixels, output_hidden_states=True)
    last = done.last_hidden_state
    hidden = (done.hidden_states or (None, last))[1:]  # transformers 5.0 hands out the last one only
    cls, patches = tiny.states(PICTURES[:2])
    assert cls.shape == patches.shape == (2, model.config.vision_config.num_hidden_layers, last.shape[-1])
    for layer, states in enumerate(hidden, start=cls.shape[1] - len(hidden)):
        assert np.allclose(cls[:, layer], states[:, 0], atol=1e-5)
        assert np.allclose(patches[:, layer], states[:, 1:].mean(1), atol=1e-5)


def test_it_recognises_single_objects(tiny: Encoder) -> None:
    names = [objects.draw(1, "test", index)[0].items[0].name for index in range(40)]
    best = tiny.scores(PICTURES, objects.CLASSES, OBJECTS).argmax(1)
    right = [objects.CLASSES[place] == name for place, name in zip(best, names, strict=True)]
    assert np.mean(right) > 0.5


def test_which_encoder_is_whose() -> None:
    assert parts.own_encoder("llava-tiny") == "clip-tiny"
    assert (
        parts.own_encoder("llava-1.5")
        == parts.own_encoder("llava-hf/llava-v1.6-vicuna-7b-hf")
        == parts.CLIP_336
    )
    assert parts.own_encoder("planted:invariant") is None
    assert set(parts.ENCODERS) >= {
        sources.HUB_ALIASES["llava-1.5"],
        sources.HUB_ALIASES["llava-next"],
    }


def test_a_copy_is_the_same_encoder(tiny: Encoder, tmp_path: Path) -> None:
    folder = shutil.copytree(sources.encoder("clip-tiny", ()), tmp_path / "mine")
    copied = loading_encoder.load(str(folder), device="cpu")
    assert copied.identity.startswith("mine@")
    assert copied.identity.partition("@")[2] == tiny.identity.partition("@")[2]
    assert torch.equal(copied.texts(WORDS), tiny.texts(WORDS))


def test_what_is_no_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'clip-tiny'"):
        loading_encoder.load("clip-tny")
    with pytest.raises(ModelUnavailable, match="not in the hub cache and --offline is set"):
        loading_encoder.load("no-such-owner/no-such-encoder", offline=True)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ModelUnavailable, match=r"no image encoder of type clip, siglip, .* but of type bert"):
        loading_encoder.load(str(tmp_path))


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(sources.encoder("clip-tiny", ()), tmp_path / "damaged")
    (folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelUnavailable, match="not a whole safetensors file"):
        loading_encoder.load(str(folder), device="cpu")


def test_pictures_of_any_mode_are_taken(tiny: Encoder) -> None:
    grey = Image.new("L", (30, 50), 128)
    assert torch.equal(tiny.pictures([grey]), tiny.pictures([grey.convert("RGB")]))


SMALL: dict[str, Any] = {
    "hidden_size": 24, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 2,
    "image_size": 28, "patch_size": 7,
}  # fmt: skip
ALONE = {
    "dinov2": ("Dinov2Model", "BitImageProcessor", 1),
    "dinov2_with_registers": ("Dinov2WithRegistersModel", "BitImageProcessor", 5),
    "vit": ("ViTForImageClassification", "ViTImageProcessor", 1),
    "deit": ("DeiTModel", "DeiTImageProcessor", 2),
}
SIZES: dict[str, Any] = {"size": {"height": 28, "width": 28}, "crop_size": {"height": 28, "width": 28}}


def processed(folder: Path, name: str, **told: Any) -> Any:
    """The image processor of that class, written beside a model."""
    made = pil(name)(**(told or SIZES))
    (folder / "preprocessor_config.json").write_text(
        json.dumps({**made.to_dict(), "image_processor_type": name}, default=str), encoding="utf-8"
    )
    return made


@pytest.mark.parametrize("kind", ALONE)
def test_a_tower_for_pictures_alone_has_the_states_of_its_own_class(kind: str, tmp_path: Path) -> None:
    name, images, before = ALONE[kind]
    torch.manual_seed(0)
    model = getattr(transformers, name)(transformers.CONFIG_MAPPING[kind](**SMALL)).eval()
    model.save_pretrained(tmp_path)
    pixels = processed(tmp_path, images)(images=PICTURES[:3], return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        done = getattr(model, "vit", model)(pixels, output_hidden_states=True)
    encoder = loading_encoder.load(str(tmp_path), device="cpu")
    cls, patches = encoder.states(PICTURES[:3])
    for layer, states in enumerate(done.hidden_states[1:]):
        assert np.allclose(cls[:, layer], states[:, 0], atol=1e-5)
        assert np.allclose(patches[:, layer], states[:, before:].mean(1), atol=1e-5)
    pictures = encoder.pictures(PICTURES[:3])
    assert torch.allclose(pictures.norm(dim=1), torch.ones(3)) and len({*pictures[:, 0].tolist()}) == 3
    with pytest.raises(NotTested, match="knows no words: recognition needs a CLIP or SigLIP encoder"):
        encoder.texts(WORDS)


@pytest.mark.parametrize("name", ["ResNetModel", "ResNetForImageClassification"])
def test_a_resnet_has_one_layer_and_the_pooling_of_its_own_class(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 12, 16, 24], depths=[1, 1, 1, 2])
    model = getattr(transformers, name)(config).eval()
    model.save_pretrained(tmp_path)
    images = processed(tmp_path, "ConvNextImageProcessor", size={"shortest_edge": 64}, crop_pct=0.875)
    pixels = images(images=PICTURES[:3], return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        done = getattr(model, "resnet", model)(pixels)
    encoder = loading_encoder.load(str(tmp_path), device="cpu")
    own = torch.nn.functional.normalize(done.pooler_output.flatten(1), dim=-1)
    assert torch.allclose(encoder.pictures(PICTURES[:3]), own, atol=1e-5)
    cls, patches = encoder.states(PICTURES[:3])
    assert np.array_equal(cls, patches) and patches.shape == (3, 1, 24)
    assert np.allclose(patches[:, 0], done.last_hidden_state.mean((2, 3)), atol=1e-5)


TWO: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "Siglip": ({}, SIZES),
    "Siglip2": ({"num_patches": 16}, {"patch_size": 7, "max_num_patches": 20}),
}
"""By the beginning of its classes' names: what its tower and its image processor are told beside."""


@pytest.mark.parametrize("kind", TWO)
def test_siglip_pads_words_as_it_was_trained(kind: str, tmp_path: Path) -> None:
    words = _letters() if kind == "Siglip2" else tokenizer(KINDS["llava-llama"])
    text = {"hidden_size": 24, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    more = {"vocab_size": 512, "max_position_embeddings": 80, "projection_size": 24}
    tower, sizes = TWO[kind]
    config, auto = (getattr(transformers, f"{kind}{part}") for part in ("Config", "Model"))
    torch.manual_seed(0)
    model = auto(config(text_config={**text, **more}, vision_config={**SMALL, **tower})).eval()
    model.save_pretrained(tmp_path)
    words.save_pretrained(tmp_path)
    processed(tmp_path, f"{kind}ImageProcessor", **sizes)
    auto_images: Any = transformers.AutoImageProcessor  # by Pillow, or torchvision where it is
    images = auto_images.from_pretrained(tmp_path)
    (tmp_path / "processor_config.json").write_text(f'{{"processor_class": "{kind}Processor"}}', "utf-8")
    ids = words(WORDS, padding="max_length", max_length=80, return_tensors="pt")["input_ids"]
    shown = [PICTURES[0], PICTURES[1].resize((20, 90)), PICTURES[2].convert("L").resize((97, 31))]
    fields = images(images=[each.convert("RGB") for each in shown], return_tensors="pt")
    with torch.inference_mode():
        done = model(input_ids=ids, **fields)
        alone = [{name: value[n : n + 1] for name, value in fields.items()} for n in range(3)]
        last = [model.vision_model(**each).last_hidden_state[0] for each in alone]
    encoder = loading_encoder.load(str(tmp_path), device="cpu")
    found = encoder.pictures(shown) @ encoder.texts(WORDS).T
    own = done.image_embeds @ done.text_embeds.T
    assert torch.allclose(found, own, atol=1e-5)
    cls, patches = encoder.states(shown)
    assert np.array_equal(cls, patches) and patches.shape == (3, 3, 24)
    if kind == "Siglip2":
        places = fields["spatial_shapes"].prod(1).tolist()
        assert min(places) < 20, "padding"
        with torch.inference_mode():
            (block,) = encoder._blocks(encoder._fields(shown))[-1:]
            normed = model.vision_model.post_layernorm(block)
        assert all(torch.allclose(*each, atol=1e-5) for each in zip(normed, last, strict=True))
        means = [row[:count].mean(0).numpy() for row, count in zip(block, places, strict=True)]
        assert np.allclose(patches[:, -1], means, atol=1e-5)


def _letters() -> Any:
    """SigLIP 2's tokenizer, with a token a letter."""
    specials = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>")
    kind: Any = transformers.Siglip2Tokenizer
    return kind(vocab={token: n for n, token in enumerate((*specials, "▁", *ascii_letters, *digits, *".,:"))})


NAMES = (
    "openai/clip-vit-large-patch14", "openai/clip-vit-large-patch14-336", "google/siglip-so400m-patch14-384",
    "google/siglip2-base-patch16-224", "facebook/dinov2-large", "google/vit-base-patch16-224",
    "facebook/deit-base-distilled-patch16-224", "microsoft/resnet-50", "timm/resnet50.a1_in1k",
    "timm/vit_base_patch16_siglip_224.webli",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_published_encoder_that_is_not_here_is_one_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        ModelUnavailable, match=f"{name} is not in the hub cache and --offline is set"
    ) as told:
        loading_encoder.load(name, offline=True)
    assert f"hf download {name}" in str(told.value) and "\n" not in str(told.value)
