"""LLaVA-NeXT: a base view and a map of tiles, unpadded, each map row closed by a newline."""

import inspect
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ipllvm.models.base import Prepared
from ipllvm.models.families.llava import Llava
from ipllvm.records import Layout

NEWLINE = -1.0


class LlavaNext(Llava):
    """Adapter of LlavaNextForConditionalGeneration; packs through the model's own function."""

    MEANING: ClassVar[tuple[str, ...]] = (
        "the newline that closes each row of its map is a visual token with a place of its own",
    )

    def tiles(self, prepared: Prepared) -> Float[Tensor, "tiles 3 height width"]:
        """See the interface: a picture of fewer tiles than another is padded with tiles that nobody sees."""
        pixels = prepared.fields["pixel_values"]
        return torch.cat([own[:count] for own, count in zip(pixels, self.cut(prepared), strict=True)])

    def cut(self, prepared: Prepared) -> list[int]:
        """Into how many tiles each picture of a sample is cut, the whole among them."""
        config = self._model.config
        module: Any = inspect.getmodule(type(self._inner))
        pinpoints, side = config.image_grid_pinpoints, config.vision_config.image_size
        return [
            module.image_size_to_num_patches(size, pinpoints, side)
            for size in prepared.fields["image_sizes"].tolist()
        ]

    def pack(
        self, projected: Float[Tensor, "tiles tokens width"], prepared: Prepared
    ) -> Float[Tensor, "visual hidden"]:
        """See the interface."""
        return torch.cat(self._pack(projected, prepared, self._inner.image_newline))

    def _pack(self, tiles: Tensor, prepared: Prepared, newline: Tensor) -> list[Tensor]:
        """Pack (tiles, tokens, any width), a tensor for each picture."""
        packed, _ = self._inner.pack_image_features(
            torch.split(tiles, self.cut(prepared)),
            prepared.fields["image_sizes"].tolist(),
            vision_feature_select_strategy=self._model.config.vision_feature_select_strategy,
            image_newline=newline,
        )
        return list(packed)

    def layout(self, prepared: Prepared) -> Layout:
        """Packs (tile, row, column) as if they were features, so that it can't differ from `pack`.

        Raises ValueError where there is no picture.
        """
        if "image_sizes" not in prepared.fields:
            raise ValueError(f"{self.name} lays out a picture, and there is none")
        sizes = tuple(map(tuple, prepared.fields["image_sizes"].tolist()))
        kind = tuple(self.cut(prepared)), sizes
        return self._fitting(self._remembered(kind, lambda: self._laid_out(prepared)), prepared)

    def _laid_out(self, prepared: Prepared) -> Layout:
        tiles, places = sum(self.cut(prepared)), torch.arange(self.side)
        marks = torch.cartesian_prod(torch.arange(tiles), places, places).float()  # [tiles * side * side, 3]
        marks = marks.reshape(tiles, self.side**2, 3)  # [tiles, patches, (tile, row, column)]
        packed = self._pack(marks, prepared, torch.full((3,), NEWLINE))
        return _joined([_layout(each.numpy(), self.side**2) for each in packed])


def _joined(pictures: Sequence[Layout]) -> Layout:
    """The layouts of some pictures behind each other; each has a view for the whole and one for its map."""
    view = [2 * number + each.view for number, each in enumerate(pictures)]
    return Layout(
        np.concatenate(view),
        np.concatenate([each.row for each in pictures]),
        np.concatenate([each.column for each in pictures]),
        np.concatenate([each.newline for each in pictures]),
    )


def _layout(packed: Float[np.ndarray, "tokens 3"], base: int) -> Layout:
    """From packed marks of one picture, `base` tokens of the whole view first.

    The map is counted by order: scaling it down blends the marks.
    """
    tile, row, column = packed.T
    newline = tile == NEWLINE
    high = np.arange(len(packed)) >= base
    ends = newline[high]
    rows = np.cumsum(ends) - ends
    starts = np.concatenate([[0], np.flatnonzero(ends) + 1])
    row, column = row.astype(int), column.astype(int)
    row[high] = rows
    column[high] = np.arange(len(rows)) - starts[rows]
    return Layout(high.astype(int), row, column, newline)
