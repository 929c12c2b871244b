"""Template, processor and config are tried on a picture before any weight is read."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from transformers import AutoModelForImageTextToText

from ipllvm.errors import ModelUnavailable
from ipllvm.models.loading import load, sketch
from ipllvm.tests import tiny
from ipllvm.tests.checkpoints import FAMILIES, TEMPLATE, make


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("llava", tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "copy")


def configured(name: str, **changes: Any) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = folder / name
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return spoil


def template(text: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / "chat_template.jinja").write_text(text)

    return spoil


def said(by: str) -> Callable[[Path], None]:
    return template(TEMPLATE.replace("part['text']", f"(part['text'] | {by})"))


def added_token(folder: Path) -> None:
    path = folder / "tokenizer.json"
    words = json.loads(path.read_text())
    new = {**words["added_tokens"][0], "id": 5000, "content": "<|turn|>"}
    words["added_tokens"].append(new)
    path.write_text(json.dumps(words))
    (folder / "chat_template.jinja").write_text("<|turn|>" + TEMPLATE)


SPOILT: dict[str, tuple[Callable[[Path], None], str]] = {
    "text alone": (template("USER: {{ messages[0]['content'] }}"), "for text alone"),
    "wants a string": (template("{{ 'USER: ' + messages[0]['content'] }}"), "can't be filled"),
    "no question": (template("USER: <image> ASSISTANT:"), "no place for a question: it shows a"),
    "no picture": (template("{{ messages[0]['content'][1]['text'] }}"), "no place for a picture: it is one"),
    "other writing": (said("upper"), "rewrites the question"),
    "other marks": (said("replace('?', '')"), "rewrites the question"),
    "cut off": (said("truncate(9)"), "has no place for a question: it shows a picture alone"),
    "raises": (template("{{ raise_exception('roles must alternate') }}"), "can't be filled .* roles must"),
    "no template at all": (template("{% for m in"), "can't be filled"),
    "other image token": (configured("config.json", image_token_index=4), "must name the same"),
    "no patch size": (configured("processor_config.json", patch_size=None), "no patch_size"),
    "a token without embedding": (added_token, "'<|turn|>', token .*resize_token_embeddings"),
}  # fmt: skip


@pytest.mark.parametrize("what", SPOILT)
@pytest.mark.parametrize("start", [load, sketch])
def test_what_does_not_fit_is_told_before_weights_are_read(
    what: str, start: Callable[[str], Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil, expected = SPOILT[what]
    spoil(folder)
    monkeypatch.setattr(AutoModelForImageTextToText, "from_pretrained", None)
    monkeypatch.setattr(AutoModelForImageTextToText, "from_config", None)
    with pytest.raises(ModelUnavailable, match=expected) as caught:
        start(str(folder))
    assert "\n" not in str(caught.value) and str(folder) in str(caught.value)


@pytest.mark.parametrize("start", [load, sketch])
@pytest.mark.parametrize(
    ("family", "file", "changes", "words"),
    [
        ("llava", "processor_config.json", {"vision_feature_select_strategy": "full"}, "16 .* has 17"),
        ("llava", "processor_config.json", {"num_additional_image_tokens": 0}, "16 .* has 15"),
        ("llava", "processor_config.json", {"patch_size": 14}, "16 .* has 4"),
        ("llava_next", "preprocessor_config.json", {"image_grid_pinpoints": [[28, 56]]}, "where the prompt"),
        ("llava_onevision", "processor_config.json", {"num_image_tokens": 9}, "where the prompt has"),
    ],
)
def test_a_processor_of_another_model_is_told_before_weights_are_read(
    start: Callable[[str], Any], family: str, file: str, changes: dict[str, Any], words: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    folder = make(family, tmp_path / "it")
    configured(file, **changes)(folder)
    monkeypatch.setattr(AutoModelForImageTextToText, "from_pretrained", None)
    with pytest.raises(ModelUnavailable, match=f"don't fit: of .* pixels it packs .*{words}") as caught:
        start(str(folder))
    assert "\n" not in str(caught.value) and str(folder) in str(caught.value)


@pytest.mark.parametrize("start", [load, sketch])
@pytest.mark.parametrize("family", ["llava"])
def test_a_model_that_makes_another_number_of_tokens_is_told_before_weights_are_read(
    family: str, start: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(family, tmp_path / "it")
    configured("config.json", vision_feature_select_strategy="full")(folder)
    monkeypatch.setattr(AutoModelForImageTextToText, "from_pretrained", None)
    with pytest.raises(
        ModelUnavailable, match=r"don't fit: of 96 x 64 pixels .* 17 .* prompt has 16"
    ) as caught:
        start(str(folder))
    assert "\n" not in str(caught.value) and str(folder) in str(caught.value)


@pytest.mark.parametrize("text", ["{", "", "[1]"])
@pytest.mark.parametrize(
    "name", ["generation_config.json", "preprocessor_config.json", "tokenizer_config.json", "tokenizer.json"]
)
def test_a_damaged_file_of_settings_is_named(name: str, text: str, folder: Path) -> None:
    (folder / name).write_text(text)
    with pytest.raises(ModelUnavailable, match=rf"{re.escape(name)}(: not| is)") as caught:
        sketch(str(folder))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("place", ["tokenizer_config.json", "processor_config.json", "chat_template.json"])
def test_a_template_may_stand_in_any_of_its_places(place: str, folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()
    path = folder / place
    known = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps({**known, "chat_template": TEMPLATE}))
    assert sketch(str(folder)).name


@pytest.mark.parametrize("family", FAMILIES)
def test_a_sound_processor_passes(family: str, tmp_path: Path) -> None:
    assert sketch(str(make(family, tmp_path))).name


def test_a_picture_that_a_processor_fails_on_is_named(tmp_path: Path) -> None:
    model = sketch(str(tiny.make("idefics2", tmp_path / "it")))
    with pytest.raises(ValueError, match="the processor of it fails on 1 x 1: ZeroDivisionError: "):
        model.prepare([Image.new("RGB", (1, 1))], "what?")
