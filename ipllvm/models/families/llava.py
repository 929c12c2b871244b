"""LLaVA-1.5: one square view; with a Pixtral tower one grid of any size."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ipllvm.models.base import EncodedPicture, Prepared
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.models.views import View
from ipllvm.records import Layout


class Llava(TransformersModel):
    """Adapter of LlavaForConditionalGeneration; packing changes nothing."""

    @property
    def side(self) -> int:
        """Into how many rows and columns a square tower cuts a picture; raises ValueError for another."""
        if (side := self.patch_grid()) is None:
            raise ValueError("its tower tells no side of a square, image_size and patch_size")
        return side

    def views(self, prepared: Prepared) -> Sequence[View]:
        """See the interface."""
        sizes = prepared.fields.get("image_sizes")
        if sizes is None:
            return [
                View(self.side, self.side, picture=n) for n in range(len(prepared.fields["pixel_values"]))
            ]
        patch = self._model.config.vision_config.patch_size
        return [
            View(height // patch, width // patch, picture=n)
            for n, (height, width) in enumerate(sizes.tolist())
        ]

    def layout(self, prepared: Prepared) -> Layout:
        """See the interface: a class token that the projector takes too has no place in the picture."""
        views, tokens = tuple(self.views(prepared)), int(prepared.visual.sum())
        chosen = getattr(self._model.config, "vision_feature_select_strategy", "default")
        if chosen == "default" or tokens != sum(len(view) + 1 for view in views):
            return super().layout(prepared)
        return self._fitting(self._remembered((views, tokens), lambda: _behind_class_tokens(views)), prepared)

    def require_as_many(self, prepared: Prepared) -> None:
        """See the interface: by the shapes of a pass, where a tile has one number of tokens.

        Raises ValueError where the prompt has another number of places.
        """
        if "image_sizes" in prepared.fields or not hasattr(self._model.config, "vision_feature_layer"):
            return
        try:
            count = len(self.pack(self.encode([prepared])[0].projected, prepared))
        except (IndexError, RuntimeError, TypeError):  # of settings that the self-check tells of
            return
        if count != (places := int(prepared.visual.sum())):
            raise ValueError(f"{self.name} makes {count} visual tokens where the prompt has {places}")

    def encode(self, batch: Sequence[Prepared]) -> list[EncodedPicture]:
        """See the interface: the tiles of all samples in one tower call, where they are square."""
        if self._inner.vision_tower.config.model_type == "pixtral":
            return super().encode(batch)
        tiles = [self.tiles(item) for item in batch]
        features = self._chosen(torch.cat(tiles).to(self.device, self.dtype))
        sizes = [len(each) for each in tiles]
        split = (torch.split(each, sizes) for each in (features, self._projector(features)))
        return [EncodedPicture(*each) for each in zip(*split, strict=True)]

    def tiles(self, prepared: Prepared) -> Float[Tensor, "tiles 3 height width"]:
        """What the tower is shown of a sample, [tiles, 3, height, width]."""
        return prepared.fields["pixel_values"].flatten(0, -4)

    def _chosen(self, pixels: Tensor) -> Tensor:
        """The tower's states that the projector takes, without the class token where the config says so."""
        config = self._model.config
        states = self._inner.vision_tower(pixels, output_hidden_states=True, return_dict=True).hidden_states
        layers = config.vision_feature_layer
        chosen = [layers] if isinstance(layers, int) else layers
        features = torch.cat([states[at] for at in chosen], dim=-1)  # [tiles, 1 + patches, layers * width]
        return features[:, 1:] if config.vision_feature_select_strategy == "default" else features


def _behind_class_tokens(views: Sequence[View]) -> Layout:
    """The tokens of some views, each behind one that stands for all of it."""
    grids = [np.pad(np.indices((view.rows, view.columns)).reshape(2, -1), ((0, 0), (1, 0))) for view in views]
    rows, columns = np.concatenate(grids, 1)
    first = np.concatenate([np.arange(grid.shape[1]) == 0 for grid in grids])
    numbers = [np.full(grid.shape[1], 2 * view.picture) for grid, view in zip(grids, views, strict=True)]
    return Layout(np.concatenate(numbers), rows, columns, first)
