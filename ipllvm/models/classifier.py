"""Image classifiers: a ViT, a ResNet or whatever else transformers loads as one."""

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from transformers import AutoImageProcessor, AutoModelForImageClassification

from ipllvm.errors import ModelUnavailable
from ipllvm.models import processors
from ipllvm.models.checkpoint import Checkpoint
from ipllvm.models.recogniser import Recogniser


class Classifier(Recogniser):
    """Any checkpoint of transformers' ...ForImageClassification classes, or of timm where it is installed.

    An answer is the first name of the class. Raises ModelUnavailable.
    """

    def __init__(
        self, found: Checkpoint, fingerprint: str, device: torch.device, dtype: torch.dtype, name: str
    ) -> None:
        self._model, self._processor = _loaded(found, dtype)
        self._model.to(device)
        self.name, self.fingerprint, self.device, self.dtype = name, fingerprint, device, dtype
        self.image_backend = processors.backend(self._processor)
        labels = self._model.config.id2label
        self.labels = tuple(str(labels[k]).split(",")[0].strip() for k in sorted(labels))
        self.stop_tokens = frozenset({self.stop})

    def told(self, labels: Sequence[str], templates: Sequence[str]) -> "Classifier":
        """Itself: its classes are its own."""
        return self

    def _network(self) -> Any:
        return self._model

    def _pixels(self, picture: Image.Image) -> Tensor:
        pixels: Tensor = self._processor(images=picture, return_tensors="pt")["pixel_values"]
        return pixels

    def _classes(self, pixels: Tensor) -> Tensor:
        logits: Tensor = self._model(pixel_values=pixels).logits
        return logits


def _loaded(found: Checkpoint, dtype: torch.dtype) -> tuple[Any, Any]:
    """Transformers' model in evaluation mode and its image processor, no weight left at random."""
    auto: Any = AutoModelForImageClassification
    images: Any = AutoImageProcessor
    try:
        model, info = auto.from_pretrained(
            found.folder,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
        processor = images.from_pretrained(found.folder, local_files_only=True)
    except Exception as error:  # a damaged file raises whatever its reader happens to
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelUnavailable(f"{found.folder}: can't be loaded: {reason}") from error
    absent = sorted(str(key) for key in info["missing_keys"])
    if absent:
        raise ModelUnavailable(f"{found.folder}: {len(absent)} weights are missing, the first is {absent[0]}")
    return model.eval().requires_grad_(False), processor
