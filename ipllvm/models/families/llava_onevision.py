"""LLaVA-OneVision: as LLaVA-NeXT, but a large map is scaled down bilinearly before the newlines."""

from torch import Tensor

from ipllvm.models.base import Prepared
from ipllvm.models.families.llava_next import LlavaNext


class LlavaOnevision(LlavaNext):
    """Adapter of LlavaOnevisionForConditionalGeneration; packs through the model's own function."""

    def _pack(self, tiles: Tensor, prepared: Prepared, newline: Tensor) -> Tensor:
        packed, _ = self._inner.pack_image_features(
            [tiles],
            prepared.fields["image_sizes"].tolist(),
            image_newline=newline,
            vision_aspect_ratio=self._model.config.vision_aspect_ratio,
        )
        return packed[0]  # type: ignore[no-any-return]
