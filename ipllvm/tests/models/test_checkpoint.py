"""Each damage to a checkpoint folder gets one clear line before anything is loaded."""

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file

from ipllvm.errors import ModelUnavailable
from ipllvm.models import checkpoint
from ipllvm.tests.checkpoints import FAMILIES, make


def without(*names: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return damage


def config(**changes: object) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return damage


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def replace(name: str, content: bytes) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return damage


def index(folder: Path) -> None:
    weights = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors").rename(folder / weights["a"])
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weights}))


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "no config": (without("config.json"), "no config.json"),
    "config not json": (replace("config.json", b"{"), "not readable as JSON"),
    "config a list": (replace("config.json", b"[]"), "not a JSON object"),
    "other model": (config(model_type="bert"), "model type 'bert' is not supported; known: 40 types"),
    "nearly a model": (config(model_type="llava_nxt"), "closest: llava_next, "),
    "no model type": (config(model_type=None), "model type None"),
    "Video-LLaVA": (config(mm_image_tower="LanguageBind/Image"), "has mm_image_tower, which is Video-LLaVA"),
    "VILA": (
        config(vision_tower_cfg="tower", model_type="llava_llama"),
        "vision_tower_cfg, .* VILA's own",
    ),
    "pickle only": (pickled, "only pickle weights .*safetensors"),
    "no weights": (without("model.safetensors"), "no model.safetensors"),
    "truncated": (cut, r"model\.safetensors: truncated"),
    "empty weights": (replace("model.safetensors", b""), "not a whole safetensors file"),
    "header too long": (
        replace("model.safetensors", struct.pack("<Q", 2**60)),
        "not a whole safetensors file",
    ),
    "header a list": (replace("model.safetensors", struct.pack("<Q", 2) + b"[]"), "not a whole"),
    "shard missing": (index, "00002-of-00002.safetensors: missing"),
    "no processor": (without("preprocessor_config.json", "processor_config.json"), "no image processor"),
    "no tokenizer": (without("tokenizer.json"), "no tokenizer"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("llava", tmp_path_factory.mktemp("checkpoint"))


@pytest.mark.parametrize("what", DAMAGES)
def test_damage_gets_one_line(what: str, whole: Path, tmp_path: Path) -> None:
    damage, expected = DAMAGES[what]
    folder = shutil.copytree(whole, tmp_path / "copy")
    damage(folder)
    with pytest.raises(ModelUnavailable, match=expected) as caught:
        checkpoint.inspect(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("family", FAMILIES)
def test_whole_folder(family: str, tmp_path: Path) -> None:
    folder = make(family, tmp_path)
    found = checkpoint.inspect(folder)
    weights = load_file(folder / "model.safetensors")
    assert found.family == family
    assert found.parameters == sum(tensor.numel() for tensor in weights.values())
    assert found.size(2) == 2 * found.parameters
    assert checkpoint.is_complete(folder)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_000_000


def test_incomplete_snapshot(whole: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(whole, tmp_path / "copy")
    (folder / "tokenizer.json").unlink()
    assert not checkpoint.is_complete(folder)
