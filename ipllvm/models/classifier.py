"""Image classifiers: a ViT, a ResNet or whatever else transformers loads as one."""

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from transformers import AutoImageProcessor, AutoModelForImageClassification

from ipllvm.models import processors
from ipllvm.models.checkpoint import Checkpoint
from ipllvm.models.recogniser import Recogniser
from ipllvm.models.weights import read_weights, unusable


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
    """Transformers' model and its image processor."""
    images: Any = AutoImageProcessor
    model = read_weights(found, AutoModelForImageClassification, dtype, unused=(r"(^|\.)pooler\.",))
    try:
        return model, images.from_pretrained(found.folder, local_files_only=True)
    except Exception as error:
        raise unusable(found.folder, "its image processor can't be loaded", error) from error
