"""What can be known of a checkpoint folder without loading it: family, files, size, and what is wrong.

Imports neither torch nor transformers.
"""

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipllvm.errors import ModelUnavailable
from ipllvm.registry import FAMILIES
from ipllvm.safety import reading

PROCESSORS = ("preprocessor_config.json", "processor_config.json")
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json")
PICKLES = ("*.bin", "*.pt", "*.pth")
HEADER_LIMIT = 100_000_000
CONFIG_LIMIT = 64 * reading.MIB
"""Bytes of a config or an index of shards."""
CLASSIFIER = "classifier"
"""The family of whatever transformers loads as an image classifier."""
ENCODER = "clip"
"""The family of CLIP's two towers alone."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder in the hub's format that passed all checks; `parameters` counts numbers in its weights."""

    folder: Path
    family: str
    weights: tuple[Path, ...]
    parameters: int

    def size(self, bytes_per_parameter: int) -> int:
        """Bytes that the weights take in memory."""
        return self.parameters * bytes_per_parameter


def inspect(folder: Path) -> Checkpoint:
    """Check a folder; raises ModelUnavailable with one line on the first thing that is wrong."""
    family = family_of(folder)
    weights = _weights(folder, family)
    parameters = sum(_count(path) for path in weights)
    _require_the_rest(folder, family)
    return Checkpoint(folder, family, weights, parameters)


def is_complete(folder: Path) -> bool:
    """Whether a cached snapshot holds config, all weight files, processor and tokenizer."""
    try:
        family = family_of(folder)
        _weights(folder, family)
        _require_the_rest(folder, family)
    except ModelUnavailable:
        return False
    return True


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; raises ModelUnavailable where the file holds none."""
    try:
        value = reading.json_file(path, CONFIG_LIMIT, finite=False)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ModelUnavailable(f"{path}: not readable as JSON ({reason})") from error
    if not isinstance(value, dict):
        raise ModelUnavailable(f"{path}: not a JSON object")
    return value


def family_of(folder: Path) -> str:
    """The model family of a folder with a config.json; raises ModelUnavailable in one line."""
    path = folder / "config.json"
    if not path.is_file():
        raise ModelUnavailable(f"{folder}: no config.json; not a checkpoint in the hub's format")
    config = read_json(path)
    if "mm_vision_tower" in config:
        raise ModelUnavailable(
            f"{folder}: a LLaVA checkpoint in its authors' original format (mm_vision_tower); "
            "only the transformers format is supported, such as the llava-hf checkpoints"
        )
    classifies = any(str(n).endswith("ForImageClassification") for n in config.get("architectures") or ())
    if classifies or _is_timms(config):
        return CLASSIFIER
    family = config.get("model_type")
    if not isinstance(family, str) or family not in {*FAMILIES, ENCODER}:
        known = ", ".join(sorted([*FAMILIES, ENCODER, "image classifiers"]))
        raise ModelUnavailable(f"{folder}: model type {family!r} is not supported; known: {known}")
    return family


def _is_timms(config: dict[str, Any]) -> bool:
    """Whether a config is timm's own: it names no class of transformers, and holds the preprocessing."""
    return "architecture" in config and "pretrained_cfg" in config


def _require_the_rest(folder: Path, family: str) -> None:
    """Raises ModelUnavailable where the files beside the weights are missing."""
    if not _is_timms(read_json(folder / "config.json")):
        _require(folder, PROCESSORS, "image processor")
    if family != CLASSIFIER:
        _require(folder, TOKENIZERS, "tokenizer")


def _weights(folder: Path, family: str) -> tuple[Path, ...]:
    """The weight files, as the index lists them where there is one.

    Only of an encoder they may be a pickle, which is read as weights alone: OpenAI's own has no others.
    """
    pickled = folder / "pytorch_model.bin"
    if family == ENCODER and pickled.is_file() and not list(folder.glob("*.safetensors")):
        return (pickled,)
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        single = folder / "model.safetensors"
        return (single,) if single.is_file() else _no_weights(folder)
    shards = read_json(index).get("weight_map")
    if not isinstance(shards, dict) or not shards:
        raise ModelUnavailable(f"{index}: lists no weight files")
    paths = tuple(folder / Path(str(name)).name for name in sorted(set(shards.values())))
    for path in paths:
        if not path.is_file():
            raise ModelUnavailable(f"{path}: missing, but listed in {index.name}")
    return paths


def _no_weights(folder: Path) -> tuple[Path, ...]:
    pickles = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
    if pickles:
        raise ModelUnavailable(
            f"{folder}: only pickle weights ({pickles[0]}), which can run code when loaded; "
            "convert them to safetensors"
        )
    raise ModelUnavailable(f"{folder}: no model.safetensors")


def _count(path: Path) -> int:
    """Numbers in a safetensors file, after checking its header against its length; about, in a pickle."""
    size = path.stat().st_size
    if path.suffix == ".bin":
        return size // 4
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > HEADER_LIMIT:
                raise ValueError(f"a header of {length} bytes")
            header = reading.json_value(file.read(length), finite=False)
        tensors = [entry for name, entry in header.items() if name != "__metadata__"]
        end = max((entry["data_offsets"][1] for entry in tensors), default=0)
        count = sum(math.prod(map(int, entry["shape"])) for entry in tensors)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError, struct.error) as error:
        raise ModelUnavailable(f"{path}: not a whole safetensors file ({error})") from error
    if size != 8 + length + end:
        raise ModelUnavailable(
            f"{path}: truncated or damaged, {size} bytes where its header says {8 + length + end}"
        )
    return count


def _require(folder: Path, names: tuple[str, ...], what: str) -> None:
    if not any((folder / name).is_file() for name in names):
        raise ModelUnavailable(f"{folder}: no {what} ({' or '.join(names)})")
