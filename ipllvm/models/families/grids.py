"""Families that cut a picture of any size into one grid of patches, several of which make a token."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ipllvm.models.base import Prepared
from ipllvm.models.transformers_model import TransformersModel, flat
from ipllvm.models.views import View


class Pixtral(TransformersModel):
    """Mistral 3 and LightOnOCR on a Pixtral tower; what stands between its rows is words."""

    def views(self, prepared: Prepared) -> Sequence[View]:
        """See the interface."""
        config = self._model.config
        side = config.vision_config.patch_size * config.spatial_merge_size
        sizes = prepared.fields["image_sizes"].tolist()
        return [View(h // side, w // side, picture=number) for number, (h, w) in enumerate(sizes)]


class LightOnOcr(Pixtral):
    """Adapter of LightOnOcrForConditionalGeneration."""

    PROJECTOR = "vision_projection"


class VideoLlama3(TransformersModel):
    """Adapter of VideoLlama3ForConditionalGeneration: merged by as many as the processor tells."""

    PROJECTOR = "projector"

    def views(self, prepared: Prepared) -> Sequence[View]:
        """See the interface."""
        grids = zip(
            prepared.fields["image_grid_thw"].tolist(),
            prepared.fields["image_merge_sizes"].tolist(),
            strict=True,
        )
        return [View(h // m, w // m, picture=number) for number, ((_, h, w), m) in enumerate(grids)]


class QwenVL(TransformersModel):
    """Qwen 2-VL and 2.5-VL, GLM-4V and 4.6V: positions on three axes, several patches a token."""

    PROJECTOR = "visual.merger"
    MEANING: ClassVar[tuple[str, ...]] = (
        "a visual token is several patches, merged; content moves between slots, positions stay",
    )
    IN_ORDER = False
    SIGHT = ("image_grid_thw",)

    def views(self, prepared: Prepared) -> Sequence[View]:
        """See the interface."""
        merge = self._model.config.vision_config.spatial_merge_size
        grids = prepared.fields["image_grid_thw"].tolist()
        return [View(h // merge, w // merge, picture=number) for number, (_, h, w) in enumerate(grids)]


class Exaone(QwenVL):
    """Adapter of Exaone4_5_ForConditionalGeneration: positions in order."""

    IN_ORDER = True


class Deepstack(QwenVL):
    """Qwen 3-VL: layers of the tower are projected too, and added behind the first layers of the decoder.

    A visual token is its embedding and these features, side by side: what is done to it is done to all.
    """

    MEANING: ClassVar[tuple[str, ...]] = (
        *QwenVL.MEANING,
        "a visual token is its embedding and its features for deeper layers, side by side: it moves as one",
    )

    @property
    def depth(self) -> int:
        """How many layers add features."""
        return len(self._model.config.vision_config.deepstack_visual_indexes)

    def _tokens(self, found: Any) -> Tensor:
        return torch.cat([flat(found.pooler_output), *map(flat, found.deepstack_features)], -1)

    def embed_tokens(self, ids: Int[Tensor, "*positions"]) -> Float[Tensor, "*positions hidden"]:
        """See the interface: words add nothing to deeper layers."""
        return torch.nn.functional.pad(super().embed_tokens(ids), (0, self.depth * self.width))

    def _apart(self, rows: Tensor, layer: int) -> tuple[Tensor, dict[str, Any]]:
        hidden, *features = torch.split(rows, self.width, -1)  # [rows, positions, width] each
        if not features or rows.shape[1] == 1:
            return hidden, {}
        everywhere = torch.ones(rows.shape[:2], dtype=torch.bool, device=rows.device)
        added = [each.flatten(0, 1) for each in features]  # [rows * positions, width] each
        return hidden, {"visual_pos_masks": everywhere, "deepstack_visual_embeds": added}

    def _beside(self, layer: int, hidden: Tensor, embeds: Tensor, cache: Any) -> Tensor:
        return torch.cat([hidden, embeds[..., self.width :]], -1) if layer < self.depth else hidden
