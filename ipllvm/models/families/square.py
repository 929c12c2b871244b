"""Families that see a picture as one square grid of tokens."""

from collections.abc import Sequence
from math import isqrt

from ipllvm.models.base import Prepared
from ipllvm.models.families.llava import Llava
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.models.views import View


class VipLlava(Llava):
    """ViP-LLaVA: states of several layers of the tower side by side."""

    encode = TransformersModel.encode


class Square(TransformersModel):
    """As many tokens for each picture, in a square: Janus, DeepSeek-VL, GOT-OCR 2."""

    def pictures(self, prepared: Prepared) -> int:
        """How many pictures a sample has."""
        pixels = prepared.fields["pixel_values"]
        return len(pixels.flatten(0, -4))

    def views(self, prepared: Prepared) -> Sequence[View]:
        """See the interface."""
        pictures = self.pictures(prepared)
        side = isqrt(int(prepared.visual.sum()) // pictures)
        return [View(side, side, picture=number) for number in range(pictures)]


class Aligned(Square):
    """Its projector is called aligner."""

    PROJECTOR = "aligner"
