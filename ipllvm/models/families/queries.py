"""Families whose visual tokens are queries: each looks at the whole picture, and none has a place in it."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from PIL import Image
from torch import Tensor

from ipllvm.models import layer_hooks
from ipllvm.models.base import Prepared
from ipllvm.models.families.tiles import runs
from ipllvm.models.language_half import stop_tokens
from ipllvm.models.pipeline import LoadedCheckpoint
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.models.views import View

_PART = "{% if part['type'] == 'text' %}{{ part['text'] }}{% endif %}"
TEXT = "{% for part in message['content'] %}" + _PART + "{% endfor %}"
"""The words of a message, in a chat template."""


class Queries(TransformersModel):
    """Idefics 2 and Aria: as many queries for each picture or part of one, in a row."""

    placed = False
    MEANING: ClassVar[tuple[str, ...]] = (
        "a visual token is a query that looks at the whole picture: it has no place in it",
    )

    def views(self, prepared: Prepared) -> Sequence[View]:
        """See the interface."""
        found = runs(prepared, self._processor.tokenizer)
        return [View(1, length, picture=number) for number, (_, _, length) in enumerate(found)]


class Idefics2(Queries):
    """Adapter of Idefics2ForConditionalGeneration."""

    PROJECTOR = "connector"


class Blip2(Queries):
    """Adapter of Blip2ForConditionalGeneration with a decoder: queries before the first word, of one picture.

    Its language model is a whole one of its own, which says the answer and when it has ended.
    """

    PROJECTOR = "language_projection"
    SEVERAL = False
    MARKED = False
    TEMPLATE = "{% for message in messages %}Question: " + TEXT + " Answer:{% endfor %}"

    def __init__(self, parts: LoadedCheckpoint) -> None:
        super().__init__(parts)
        self.stop_tokens = frozenset(stop_tokens(self._model.language_model, parts.processor.tokenizer))

    def views(self, prepared: Prepared) -> Sequence[View]:
        """See the interface."""
        return [View(1, int(prepared.visual.sum()))]

    def _full_head(self, rows: Tensor) -> Tensor:
        return layer_hooks.headed(self._model.language_model, self._decoder, rows)


class InstructBlip(Blip2):
    """Adapter of InstructBlipForConditionalGeneration: its queries read the question too."""

    SHARED = False
    TEMPLATE = "{% for message in messages %}" + TEXT + "{% endfor %}"

    def together(self, questions: Sequence[tuple[Sequence[Image.Image], str]]) -> dict[str, Tensor]:
        """See the interface: queries read words by absolute positions, which padding in front would move."""
        fields = super().together(questions)
        front = (1 - fields["qformer_attention_mask"]).sum(1).tolist()
        for name in ("qformer_input_ids", "qformer_attention_mask"):
            moved = [row.roll(-count) for row, count in zip(fields[name], front, strict=True)]
            fields[name] = torch.stack(moved)
        return fields
