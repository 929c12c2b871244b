"""LLaVA-OneVision: as LLaVA-NeXT, but a large map is scaled down bilinearly before the newlines."""

from torch import Tensor

from ipllvm.models.base import Prepared
from ipllvm.models.transformers_model import TransformersModel


class LlavaOnevision(TransformersModel):
    """Adapter of LlavaOnevisionForConditionalGeneration; packs through the model's own function."""

    def _pack(self, tiles: Tensor, prepared: Prepared, newline: Tensor | None) -> Tensor:
        packed, _ = self._inner.pack_image_features(
            [tiles],
            [prepared.image_size],
            image_newline=self._inner.image_newline if newline is None else newline,
            vision_aspect_ratio=self._model.config.vision_aspect_ratio,
        )
        return packed[0]  # type: ignore[no-any-return]
