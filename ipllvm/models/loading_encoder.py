"""Load an image encoder by name."""

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

from ipllvm.models import parts, sources
from ipllvm.models.devices import choose_device, choose_dtype
from ipllvm.models.encoders import Encoder, PictureTower, Siglip, Siglip2
from ipllvm.models.planted import naming
from ipllvm.models.planted_aligned import PlantedEncoder
from ipllvm.models.pooled_encoders import HEADS, PooledTower
from ipllvm.models.weights import read_weights, unusable

_HEADS = (r"^(classifier|cls_classifier|distillation_classifier)\.", r"(^|\.)pooler\.")
_POOLED = (PooledTower, AutoModel, AutoImageProcessor, (HEADS,))
_ALONE = (PictureTower, AutoModel, AutoImageProcessor, _HEADS)
ABSENT = (r"^pooler\.",)
"""What a classifier's checkpoint lacks of the tower, and no state depends on."""
KINDS: dict[str, tuple[type[Encoder], Any, Any, tuple[str, ...]]] = {
    "clip": (Encoder, CLIPModel, CLIPProcessor, ()),
    "siglip": (Siglip, SiglipModel, AutoProcessor, ()),
    "siglip2": (Siglip2, Siglip2Model, AutoProcessor, ()),
    **dict.fromkeys(("dinov2", "dinov2_with_registers", "vit", "deit"), _ALONE),
    **dict.fromkeys(("resnet", parts.TIMM), _POOLED),
}
"""By model type: what it is here, who reads its weights and its processor, and weights that are not taken."""


def load(name: str, *, device: str = "auto", dtype: str = "auto", offline: bool = False) -> Encoder:
    """The encoder behind an embedded name, a folder, a hub id or planted:aligned.

    Raises UsageError, UnknownName and ModelUnavailable, in one line.
    """
    place = choose_device(device)
    if naming.is_planted(name):
        return PlantedEncoder(name)
    found = parts.encoder(name, offline)
    encoder, auto, processor, unused = KINDS[found.family]
    model = read_weights(found, auto, choose_dtype(dtype, place), unused=unused, absent=ABSENT).to(place)
    return encoder(
        model, _processor(found.folder, processor), parts.identity(sources.display_name(name), found)
    )


def _processor(folder: Path, auto: Any) -> Any:
    try:
        return auto.from_pretrained(folder, local_files_only=True)
    except Exception as error:
        raise unusable(folder, "its processor can't be loaded", error) from error
