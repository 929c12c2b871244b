"""Tiny TroL and Meteor as folders of their authors' format, with what the authors' code made of them (data/).

Weights are float16 at random, results float32, by transformers 4.41.2 and torch 2.13 on a CPU. The tokenizers
are made here: the authors' code was given ids.
"""

import json
import string
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

DATA = Path(__file__).with_name("data")
TOWER = "clip-tower-tiny"
NORMAL, UNKNOWN, CONTROL, OWN = 1, 2, 3, 4
MARKS = ("[UNUSED_TOKEN_145]", "[UNUSED_TOKEN_146]", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")


def pieces(size: int) -> Iterable[tuple[str, int]]:
    """So many pieces of a tokenizer: specials, marks, letters, and others that no text has."""
    made = [("<unk>", UNKNOWN), ("<s>", CONTROL), ("</s>", CONTROL), *((mark, OWN) for mark in MARKS)]
    made += [(letter, NORMAL) for letter in "▁\n" + string.ascii_letters + "?.,'()"]
    return [*made, *((f"ß{number}", NORMAL) for number in range(size - len(made)))]


def sentencepiece(path: Path, size: int) -> None:
    """Write a model of byte pairs with so many pieces."""
    content = b""
    for number, (text, kind) in enumerate(pieces(size)):
        word = text.encode()
        score = struct.pack("<f", -float(number))
        piece = b"\x0a" + bytes([len(word)]) + word + b"\x15" + score + b"\x18" + bytes([kind])
        content += b"\x0a" + bytes([len(piece)]) + piece
    path.write_bytes(content + b"\x12\x02\x18\x02")


def weights(name: str, tower: str = "") -> dict[str, Tensor]:
    """The tensors of a model of the data, with those of the tower that it shares with another."""
    return load_file(DATA / f"{name}.safetensors") | (
        load_file(DATA / f"{tower}.safetensors") if tower else {}
    )


def folder(place: Path, name: str, config: dict[str, Any], words: int = 0, tower: str = "") -> Path:
    """A folder of weights of the data, with a config and a tokenizer of so many pieces."""
    place.mkdir(parents=True)
    save_file(weights(name, tower), place / "model.safetensors", metadata={"format": "pt"})
    (place / "config.json").write_text(json.dumps(config), encoding="utf-8")
    if words:
        sentencepiece(place / "tokenizer.model", words)
    return place


def stated(name: str) -> dict[str, Any]:
    """What the data say of a model."""
    found: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text("utf-8"))
    return found


def trol(place: Path) -> Path:
    """TroL on InternLM2."""
    said = stated("trol-tiny")
    config = {**said["config"], "architectures": ["TroLForCausalLM"], "vision_config": said["tower"]}
    made = folder(place / "TroL-7B", "trol-tiny", config, 100, TOWER)
    torch.save(load_file(DATA / "trol-tiny-gating.safetensors"), made / "trol_gating.pt")
    return made


def trol_tiles(place: Path) -> Path:
    """TroL on Phi-3."""
    said = stated("trol38-tiny")
    config = {
        "vision_config": said["vision"], "llm_config": said["text"], "image_token_index": 110,
        "downsample_ratio": 0.5, "architectures": ["TroLForCausalLM"],
    }  # fmt: skip
    made = folder(place / "TroL-3.8B", "trol38-tiny", config, 108)
    torch.save(load_file(DATA / "trol38-tiny-gating.safetensors"), made / "trol_gating.pt")
    return made


def meteor(place: Path) -> Path:
    """Meteor's MLM, with its Mamba beside it."""
    said = stated("meteor-tiny")
    config = {**said["config"], "architectures": ["MeteorForCausalLM"], "vision_config": said["tower"]}
    folder(place / "Meteor-Mamba", "meteor-mamba-tiny", {**said["mamba"], "model_type": "mamba"})
    return folder(place / "Meteor-MLM", "meteor-mlm-tiny", config, 100, TOWER)


def picture(name: str) -> Image.Image:
    """The picture of a case."""
    (path,) = DATA.glob(f"{name}.0.*.png")
    with Image.open(path) as found:
        found.load()
    return found
