"""Saliency maps: how much the class token of a vision transformer attends to each patch.

The last block's attention from the CLS query to the patches, as Naseer et al. 2021 take it from
DINO ViT-S/16 (the second of its six heads); for CLIP and DINOv2 towers the mean over heads.
"""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ipllvm.errors import ModelUnavailable, UsageError
from ipllvm.models import checkpoint, sources
from ipllvm.models.checkpoint import Checkpoint

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

Colours = tuple[tuple[float, ...], tuple[float, ...]]
"""Mean and deviation of the channels."""

DEFAULT = "clip-tiny"
DINO = "facebook/dino-vits16"
HEADS: dict[str, int | str] = {
    **dict.fromkeys(("clip", "clip_vision_model", "dinov2", "dinov2_with_registers"), "mean"),
    "vit": 1,
}
WANTED = ("config.json", *checkpoint.PROCESSORS, "*.safetensors", "pytorch_model.bin")
IMAGENET: Colours = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class AttentionSaliency:
    """Saliency by the CLS attention of a CLIP, ViT or DINOv2 checkpoint, read at the first map.

    `head` counts from 0 or is "mean". A map covers the whole picture, which is stretched to the
    model's square (`side` pixels; by default those of its position table) and normalised as the checkpoint
    says (a ViT: by the means of ImageNet).
    """

    def __init__(
        self, folder: Path, name: str, head: int | str = "auto", device: str = "cpu", side: int | None = None
    ) -> None:
        self._folder, self._device = folder, device
        kind = _kind(folder)
        self._found = Checkpoint.of(folder, kind, pickled=True)
        self._head = HEADS[kind] if head == "auto" else head
        if self._head != "mean":
            _check(self._head, self._vision.num_attention_heads, name)
        self._mean, self._std = IMAGENET if kind == "vit" else _normalisation(folder)
        self._side = side
        at = f" at {side}" if side else ""
        self.identity = f"{name}@{self._found.fingerprint()[:12]} head {self._head}{at}"

    @cached_property
    def _vision(self) -> Any:
        """The config of the vision part."""
        from transformers import AutoConfig

        config = AutoConfig.from_pretrained(self._folder, local_files_only=True)
        return getattr(config, "vision_config", config)

    def of(self, image: Image.Image) -> "Float[np.ndarray, 'rows columns']":
        """The attention to each patch, float32; its sum is at most 1, the rest goes to CLS itself."""
        import torch

        with torch.inference_mode():
            done = self._tower(self._pixels(image)[None].to(self._device), output_attentions=True)
            cls: Float[Tensor, "heads patches"] = done.attentions[-1][0, :, 0, self._before :].float()
        found = cls.mean(0) if self._head == "mean" else cls[int(self._head)]
        side = round(len(found) ** 0.5)
        return found.reshape(side, side).cpu().numpy()

    @property
    def _before(self) -> int:
        """Tokens before the patches: CLS, and registers where there are any."""
        return 1 + int(getattr(self._vision, "num_register_tokens", 0))

    @cached_property
    def _tower(self) -> Any:
        """The vision transformer in float32, with attention that can be looked at."""
        import torch
        from transformers import AutoModel

        from ipllvm.models.weights import WITHOUT_HEAD, read_weights

        model = read_weights(
            self._found,
            AutoModel,
            torch.float32,
            attention="eager",
            unused=WITHOUT_HEAD,
            absent=(r"(^|\.)pooler\.",),
        )
        return getattr(model, "vision_model", model).to(self._device).eval().requires_grad_(False)

    def _pixels(self, image: Image.Image) -> "Float[Tensor, '3 side side']":
        import torch

        side = self._side or int(self._vision.image_size)
        square = image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
        scaled = (np.asarray(square, dtype=np.float32) / 255 - self._mean) / self._std
        return torch.from_numpy(scaled.astype(np.float32)).permute(2, 0, 1)


def load(
    name: str = DEFAULT,
    *,
    head: int | str = "auto",
    offline: bool = False,
    device: str = "cpu",
    side: int | None = None,
) -> AttentionSaliency:
    """The saliency provider of an embedded encoder, a folder or a hub id, such as `DINO`.

    `side`: pixels of the square that it sees, for encoders that take several sizes (DINOv2).
    Raises UnknownName and ModelUnavailable for the model, UsageError for a head that it lacks.
    """
    folder = sources.encoder(name, WANTED, offline)
    return AttentionSaliency(folder, sources.display_name(name), head, device, side)


def _kind(folder: Path) -> str:
    """The model type; raises ModelUnavailable for one that has no saliency."""
    kind = str(checkpoint.read_json(folder / "config.json").get("model_type"))
    if kind not in HEADS:
        raise ModelUnavailable(
            f"{folder}: no saliency from a model of type {kind}; use one of {', '.join(HEADS)}"
        )
    return kind


def _check(head: int | str, heads: int, name: str) -> None:
    if not (isinstance(head, int) and 0 <= head < heads):
        raise UsageError(f"{name} has no attention head {head}: use 0 to {heads - 1}, or mean")


def _normalisation(folder: Path) -> Colours:
    """Mean and deviation of the colour channels as shipped; raises ModelUnavailable."""
    for path in (folder / name for name in checkpoint.PROCESSORS):
        settings = checkpoint.read_json(path) if path.is_file() else {}
        settings = settings.get("image_processor", settings)
        if {"image_mean", "image_std"} <= settings.keys():
            return tuple(settings["image_mean"]), tuple(settings["image_std"])
    raise ModelUnavailable(f"{folder}: no image_mean and image_std in {' or '.join(checkpoint.PROCESSORS)}")
