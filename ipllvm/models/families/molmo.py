"""Molmo 2: pooled patches of a small view and of crops, added to the embeddings of placeholders."""

from collections.abc import Sequence

from torch import Tensor

from ipllvm.models.base import Prepared
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.models.views import View


class Molmo2(TransformersModel):
    """Adapter of Molmo2ForConditionalGeneration; a picture's words, its ends among them, see each other."""

    IN_ORDER = False
    TOGETHER = False  # what is pooled is told by numbers that count a sample's patches

    def views(self, prepared: Prepared) -> Sequence[View]:
        """See the interface."""
        found: list[View] = []
        for number, (rows, columns, height, width) in enumerate(prepared.fields["image_grids"].tolist()):
            found += [View(rows, columns, picture=number), View(height, width, False, picture=number)]
        return found

    def _put(self, embeds: Tensor, places: Tensor, visual: Tensor) -> None:
        embeds[places] += visual
