"""LLaVA-1.5: one tile, its tokens are the visual tokens."""

from torch import Tensor

from ipllvm.models.base import Prepared
from ipllvm.models.transformers_model import TransformersModel


class Llava(TransformersModel):
    """Adapter of LlavaForConditionalGeneration; packing changes nothing."""

    def _pack(self, tiles: Tensor, prepared: Prepared, newline: Tensor | None) -> Tensor:
        return tiles[0]
