"""Load an image encoder by name, and tell which encoder a model was built on."""

from pathlib import Path
from typing import Any

import torch
from transformers import CLIPModel, CLIPProcessor

from ipllvm.errors import ModelUnavailable
from ipllvm.models import checkpoint, sources
from ipllvm.models.devices import choose_device, choose_dtype
from ipllvm.models.encoders import Encoder
from ipllvm.models.fingerprint import fingerprint
from ipllvm.models.planted import naming
from ipllvm.models.planted.kinds import Aligned
from ipllvm.models.planted_aligned import PlantedEncoder

WANTED = ("*.json", "merges.txt", "*.safetensors", "pytorch_model.bin")
CLIP_336 = "openai/clip-vit-large-patch14-336"
ENCODERS = {
    "llava-tiny": "clip-tiny",
    "llava-next-tiny": "clip-tiny",
    "llava-ov-tiny": "clip-tiny",
    "llava-hf/llava-1.5-7b-hf": CLIP_336,
    "llava-hf/llava-1.5-13b-hf": CLIP_336,
    "llava-hf/llava-v1.6-vicuna-7b-hf": CLIP_336,
    "llava-hf/llava-v1.6-vicuna-13b-hf": CLIP_336,
    "llava-hf/llava-v1.6-mistral-7b-hf": CLIP_336,
    "llava-hf/llava-v1.6-34b-hf": CLIP_336,
}
"""The encoder that a vision-language model was built on, by embedded name or hub id."""


def own(name: str) -> str | None:
    """The encoder that a model was built on, which of an encoder is itself; None where it is not known.

    >>> own("llava-next"), own("llava-tiny"), own("llava-ov")
    ('openai/clip-vit-large-patch14-336', 'clip-tiny', None)
    """
    if naming.is_planted(name):
        return name if isinstance(naming.law(name), Aligned) else None
    known = sources.hub_id(name) or name
    return known if known in (*sources.EMBEDDED_ENCODERS, CLIP_336) else ENCODERS.get(known)


def load(name: str, *, device: str = "auto", dtype: str = "auto", offline: bool = False) -> Encoder:
    """The encoder behind an embedded name, a folder, a hub id or planted:aligned.

    Raises UsageError, UnknownName and ModelUnavailable, in one line.
    """
    place = choose_device(device)
    if naming.is_planted(name):
        return PlantedEncoder(name)
    folder = sources.encoder(name, WANTED, offline)
    kind = checkpoint.read_json(folder / "config.json").get("model_type")
    if kind != "clip":
        raise ModelUnavailable(f"{folder}: no dual encoder of type clip, but of type {kind}")
    model = _model(folder, choose_dtype(dtype, place)).to(place)
    digest = fingerprint(folder, sorted([*folder.glob("*.safetensors"), *folder.glob("pytorch_model.bin")]))
    return Encoder(model, _processor(folder), f"{sources.display_name(name)}@{digest[:12]}")


def _model(folder: Path, dtype: torch.dtype) -> Any:
    """Transformers' CLIP in evaluation mode, no part of it left at random."""
    auto: Any = CLIPModel
    try:
        model, info = auto.from_pretrained(
            folder, dtype=dtype, trust_remote_code=False, local_files_only=True, output_loading_info=True
        )
    except Exception as error:  # a damaged file raises whatever its reader happens to
        raise ModelUnavailable(f"{folder}: can't be loaded: {_reason(error)}") from error
    absent = sorted(map(str, info["missing_keys"]))
    if absent:
        raise ModelUnavailable(f"{folder}: {len(absent)} weights are missing, the first is {absent[0]}")
    return model.eval().requires_grad_(False)


def _processor(folder: Path) -> Any:
    auto: Any = CLIPProcessor
    try:
        return auto.from_pretrained(folder, local_files_only=True)
    except Exception as error:
        raise ModelUnavailable(f"{folder}: its processor can't be loaded: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
