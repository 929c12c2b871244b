"""Encoders alone: the joint space and the states are those of transformers' own CLIP."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import CLIPModel, CLIPProcessor

from ipllvm.benchmarks import objects
from ipllvm.benchmarks.templates import OBJECTS
from ipllvm.errors import ModelUnavailable, UnknownName
from ipllvm.models import encoders, loading_encoder, sources
from ipllvm.models.encoders import Encoder

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
    assert loading_encoder.own("llava-tiny") == "clip-tiny"
    assert (
        loading_encoder.own("llava-1.5")
        == loading_encoder.own("llava-hf/llava-v1.6-vicuna-7b-hf")
        == loading_encoder.CLIP_336
    )
    assert loading_encoder.own("planted:invariant") is None
    assert set(loading_encoder.ENCODERS) >= {
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
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "siglip"}))
    with pytest.raises(ModelUnavailable, match="no dual encoder of type clip, but of type siglip"):
        loading_encoder.load(str(tmp_path))


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(sources.encoder("clip-tiny", ()), tmp_path / "damaged")
    (folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelUnavailable, match="not a whole safetensors file"):
        loading_encoder.load(str(folder), device="cpu")


def test_pictures_of_any_mode_are_taken(tiny: Encoder) -> None:
    grey = Image.new("L", (30, 50), 128)
    assert torch.equal(tiny.pictures([grey]), tiny.pictures([grey.convert("RGB")]))
