"""Load an image encoder by name, and tell which encoder a model was built on."""

from pathlib import Path
from typing import Any

from transformers import (
    AutoImageProcessor,
    AutoModel,
    AutoProcessor,
    CLIPModel,
    CLIPProcessor,
    Siglip2Model,
    SiglipModel,
)

from ipllvm.errors import ModelUnavailable
from ipllvm.models import checkpoint, sources
from ipllvm.models.devices import choose_device, choose_dtype
from ipllvm.models.embedded import BUILT_ON
from ipllvm.models.encoders import Encoder, PictureTower, Siglip, Siglip2
from ipllvm.models.planted import naming
from ipllvm.models.planted.kinds import AlignmentLoss
from ipllvm.models.planted_aligned import PlantedEncoder
from ipllvm.models.weights import read_weights, unusable

WANTED = ("*.json", "*.txt", "*.model", "*.safetensors", "pytorch_model.bin")
_HEADS = (r"^(classifier|cls_classifier|distillation_classifier)\.", r"(^|\.)pooler\.")
_ALONE = (PictureTower, AutoModel, AutoImageProcessor, _HEADS)
ABSENT = (r"^pooler\.",)
"""What a classifier's checkpoint lacks of the tower, and no state depends on."""
KINDS: dict[str, tuple[type[Encoder], Any, Any, tuple[str, ...]]] = {
    "clip": (Encoder, CLIPModel, CLIPProcessor, ()),
    "siglip": (Siglip, SiglipModel, AutoProcessor, ()),
    "siglip2": (Siglip2, Siglip2Model, AutoProcessor, ()),
    **dict.fromkeys(("dinov2", "dinov2_with_registers", "vit", "deit"), _ALONE),
}
"""By model type: what it is here, who reads its weights and its processor, and weights that are not taken."""
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
    kind = str(checkpoint.read_json(folder / "config.json").get("model_type"))
    if kind not in KINDS:
        raise ModelUnavailable(f"{folder}: no image encoder of type {', '.join(KINDS)}, but of type {kind}")
    encoder, auto, processor, unused = KINDS[kind]
    found = checkpoint.Checkpoint.of(folder, kind, pickled=kind == "clip")
    model = read_weights(found, auto, choose_dtype(dtype, place), unused=unused, absent=ABSENT).to(place)
    identity = f"{sources.display_name(name)}@{found.fingerprint()[:12]}"
    return encoder(model, _processor(folder, processor), identity)


def _processor(folder: Path, auto: Any) -> Any:
    try:
        return auto.from_pretrained(folder, local_files_only=True)
    except Exception as error:
        raise unusable(folder, "its processor can't be loaded", error) from error
