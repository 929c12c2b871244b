"""CLIP alone as a model: it chooses among the classes that it is told, by its two towers."""

import hashlib
from collections.abc import Sequence
from typing import Any

from PIL import Image
from torch import Tensor

from ipllvm.models.encoders import Encoder
from ipllvm.models.recogniser import Recogniser


class ZeroShot(Recogniser):
    """The classes are names put into prompt templates, whose text embeddings are averaged.

    It knows no classes before it is `told` some.
    """

    def __init__(
        self,
        encoder: Encoder,
        name: str,
        fingerprint: str,
        labels: Sequence[str] = (),
        templates: Sequence[str] = (),
    ) -> None:
        self._encoder, self._digest = encoder, fingerprint
        self.name, self.labels = name, tuple(labels)
        self.device, self.dtype = encoder.model.device, encoder.model.dtype
        self.image_backend = encoder.image_backend
        told = hashlib.sha256(repr((fingerprint, self.labels, tuple(templates))).encode()).hexdigest()
        self.fingerprint = told if labels else fingerprint
        self.stop_tokens = frozenset({self.stop})
        self._texts = encoder.classes(self.labels, templates) if labels else None

    def told(self, labels: Sequence[str], templates: Sequence[str]) -> "ZeroShot":
        """The same towers with these classes."""
        return ZeroShot(self._encoder, self.name, self._digest, labels, templates)

    def _network(self) -> Any:
        return self._encoder.model

    def _pixels(self, picture: Image.Image) -> Tensor:
        return self._encoder.pixels([picture])

    def _classes(self, pixels: Tensor) -> Tensor:
        """Cosines, scaled as the checkpoint does."""
        if self._texts is None:
            raise ValueError(f"{self.name} was told no classes")
        scale = float(self._encoder.model.logit_scale.exp())
        cosines = self._encoder.embedded(pixels) @ self._texts.T
        return (scale * cosines).to(pixels.device, pixels.dtype)
