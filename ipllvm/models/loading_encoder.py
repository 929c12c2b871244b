"""Load an image encoder by name, and tell which encoder a model was built on."""

from pathlib import Path
from typing import Any

from transformers import CLIPModel, CLIPProcessor

from ipllvm.errors import ModelUnavailable
from ipllvm.models import checkpoint, sources
from ipllvm.models.devices import choose_device, choose_dtype
from ipllvm.models.embedded import BUILT_ON
from ipllvm.models.encoders import Encoder
from ipllvm.models.planted import naming
from ipllvm.models.planted.kinds import AlignmentLoss
from ipllvm.models.planted_aligned import PlantedEncoder
from ipllvm.models.weights import read_weights, unusable

WANTED = ("*.json", "merges.txt", "*.safetensors", "pytorch_model.bin")
CLIP_336 = "openai/clip-vit-large-patch14-336"
ENCODERS = {
    **BUILT_ON,
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
        return name if isinstance(naming.law(name), AlignmentLoss) else None
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
    found = checkpoint.inspect(folder)
    model = read_weights(found, CLIPModel, choose_dtype(dtype, place)).to(place)
    return Encoder(model, _processor(folder), f"{sources.display_name(name)}@{found.fingerprint()[:12]}")


def _processor(folder: Path) -> Any:
    auto: Any = CLIPProcessor
    try:
        return auto.from_pretrained(folder, local_files_only=True)
    except Exception as error:
        raise unusable(folder, "its processor can't be loaded", error) from error
