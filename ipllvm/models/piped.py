"""Models that transformers' own pipeline answers for: chat template, processor and plain `generate`."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from PIL import Image

from ipllvm.models import pipeline
from ipllvm.models.pipeline import LoadedCheckpoint
from ipllvm.models.whole import Question, WholeModel
from ipllvm.records import ModelInfo, Response


class Piped(WholeModel):
    """Any model with a processor and `generate`, asked one question at a time."""

    TEMPLATE: ClassVar[str | None] = None
    SEVERAL: ClassVar[bool] = True
    sealed = "runs code of its own, and can be asked as a whole only"
    placed = False
    wording = "its own"
    steady = True

    def __init__(self, parts: LoadedCheckpoint) -> None:
        self._parts, self.name, self.fingerprint = parts, parts.name, parts.fingerprint
        self.device, self.dtype = parts.model.device, parts.model.dtype

    def info(self) -> ModelInfo:
        """See the interface."""
        return pipeline.info(self._parts, self.weights, self.notes)

    def batch_size(self) -> int:
        """See the interface: one question at a time."""
        return 1

    @torch.inference_mode()
    def answers(self, questions: Sequence[Question], limit: int) -> list[Response]:
        """See the interface."""
        return [self._answer(images, prompt, limit) for images, prompt in questions]

    def _answer(self, images: Sequence[Image.Image], prompt: str, limit: int) -> Response:
        parts = self._parts
        self.prepare(images, prompt)  # raises for a prompt that can't be asked
        said = pipeline.answer(parts.model, parts.processor, parts.prompt, images, prompt, limit)
        words = parts.processor.tokenizer.decode(list(said), skip_special_tokens=True)
        return Response(str(words).strip(), said)
