"""LLaVA-OneVision: as LLaVA-NeXT, but a large map is scaled down bilinearly before the newlines."""

import torch
from torch import Tensor

from ipllvm.models.base import Prepared
from ipllvm.models.families.llava_next import LlavaNext


class LlavaOnevision(LlavaNext):
    """Adapter of LlavaOnevisionForConditionalGeneration; packs through the model's own function."""

    NESTED = True

    def cut(self, prepared: Prepared) -> list[int]:
        """See LLaVA-NeXT: of several pictures each is shown whole and no more."""
        counts = prepared.fields["batch_num_images"].tolist()
        alone = [count == 1 for count in counts for _ in range(count)]
        return [tiles if one else 1 for tiles, one in zip(super().cut(prepared), alone, strict=True)]

    def _pack(self, tiles: Tensor, prepared: Prepared, newline: Tensor) -> list[Tensor]:
        packed, _ = self._inner.pack_image_features(
            torch.split(tiles, self.cut(prepared)),
            prepared.fields["image_sizes"].tolist(),
            image_newline=newline,
            vision_aspect_ratio=self._model.config.vision_aspect_ratio,
        )
        return list(packed)
