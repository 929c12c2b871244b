"""LLaVA-NeXT: a base view and a map of tiles, unpadded, each map row closed by a newline."""

from torch import Tensor

from ipllvm.models.base import Prepared
from ipllvm.models.transformers_model import TransformersModel


class LlavaNext(TransformersModel):
    """Adapter of LlavaNextForConditionalGeneration; packs through the model's own function."""

    def _pack(self, tiles: Tensor, prepared: Prepared, newline: Tensor | None) -> Tensor:
        packed, _ = self._inner.pack_image_features(
            [tiles],
            [prepared.image_size],
            vision_feature_select_strategy=self._model.config.vision_feature_select_strategy,
            image_newline=self._inner.image_newline if newline is None else newline,
        )
        return packed[0]  # type: ignore[no-any-return]
