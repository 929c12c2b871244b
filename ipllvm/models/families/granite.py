"""Granite 4 Vision: layers of its tower go to as many layers of the decoder, packed as LLaVA-NeXT packs."""

from collections.abc import Sequence
from contextlib import ExitStack
from fractions import Fraction
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ipllvm.models.base import EncodedPicture, Prepared
from ipllvm.models.families.llava_next import LlavaNext
from ipllvm.models.transformers_model import TransformersModel


class Granite4Vision(LlavaNext):
    """Adapter of Granite4VisionForConditionalGeneration.

    A visual token is what is added to the inputs of some layers of the decoder, side by side: what is done
    to it is done to all. Nothing stands at its place in the decoder's own input.
    """

    PROJECTOR = "layerwise_projectors.0"
    MEANING: ClassVar[tuple[str, ...]] = (
        "a visual token is what is added before several layers, side by side, and moves as one",
        *LlavaNext.MEANING,
    )
    encode = TransformersModel.encode

    @property
    def side(self) -> int:
        """See LLaVA: what is left after several patches are outputs one token."""
        return int(super().side * Fraction(self._inner.downsample_rate))

    @property
    def fed(self) -> list[int]:
        """The layers that features are added before, in the order of the features."""
        config = self._model.config
        return [*(layer for _, layer in config.deepstack_layer_map), *config.spatial_target_layers]

    def _encoded(self, alike: Sequence[Prepared]) -> list[EncodedPicture]:
        inputs: list[Tensor] = []
        outputs: list[Tensor] = []

        def keep(module: Any, args: tuple[Tensor], output: Tensor) -> None:
            inputs.append(args[0])
            outputs.append(output)

        with ExitStack() as hooks:
            for projector in (*self._inner.layerwise_projectors, *self._inner.spatial_projectors):
                hooks.enter_context(projector.register_forward_hook(keep))
            self._pictures(alike)
        sizes = [sum(self.cut(item)) for item in alike]
        split = (torch.split(each, sizes) for each in (inputs[0], torch.cat(outputs, -1)))
        return [EncodedPicture(*each) for each in zip(*split, strict=True)]

    def pack(
        self, projected: Float[Tensor, "tiles tokens width"], prepared: Prepared
    ) -> Float[Tensor, "visual hidden"]:
        """See the interface."""
        return torch.cat(self._pack(projected, prepared, self._inner.image_newline.repeat(len(self.fed))))

    def _pack(self, tiles: Tensor, prepared: Prepared, newline: Tensor) -> list[Tensor]:
        packed = self._inner.pack_image_features(
            torch.split(tiles, self.cut(prepared)),
            prepared.fields["image_sizes"].tolist(),
            vision_feature_select_strategy=self._model.config.vision_feature_select_strategy,
            image_newline=newline,
        )
        return list(packed[0] if isinstance(packed, tuple) else packed)  # older releases give lengths too

    def embed_tokens(self, ids: Int[Tensor, "*positions"]) -> Float[Tensor, "*positions hidden"]:
        """See the interface: nothing is added to words."""
        return torch.nn.functional.pad(super().embed_tokens(ids), (0, len(self.fed) * self.width))

    def _put(self, embeds: Tensor, places: Tensor, visual: Tensor) -> None:
        embeds[places] = torch.nn.functional.pad(visual, (self.width, 0))

    def _apart(self, rows: Tensor, layer: int) -> tuple[Tensor, dict[str, Any]]:
        hidden, *features = torch.split(rows, self.width, -1)  # [rows, positions, width] each
        if rows.shape[1] == 1:
            return hidden, {}
        everywhere = torch.ones(*rows.shape[:2], 1, dtype=torch.bool, device=rows.device)
        # of all positions of all rows, [rows * positions, width]
        added = {at: each.flatten(0, 1) for at, each in zip(self.fed, features, strict=True)}
        return hidden, {"vision_mask": everywhere, "deepstack_features": added}

    def _beside(self, layer: int, hidden: Tensor, embeds: Tensor, cache: Any) -> Tensor:
        return torch.cat([hidden, embeds[..., self.width :]], -1)
