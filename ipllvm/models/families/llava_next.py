"""LLaVA-NeXT: a base view and a map of tiles, unpadded, each map row closed by a newline."""

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

    SEVERAL = False

    def pack(self, projected: Tensor, prepared: Prepared) -> Tensor:
        """See the interface."""
        return self._pack(projected, prepared, self._inner.image_newline)

    def _pack(self, tiles: Tensor, prepared: Prepared, newline: Tensor) -> Tensor:
        """Pack (tiles, tokens, any width)."""
        packed, _ = self._inner.pack_image_features(
            [tiles],
            prepared.fields["image_sizes"].tolist(),
            vision_feature_select_strategy=self._model.config.vision_feature_select_strategy,
            image_newline=newline,
        )
        return packed[0]  # type: ignore[no-any-return]

    def layout(self, prepared: Prepared) -> Layout:
        """Packs (tile, row, column) as if they were features, so that it can't differ from `pack`."""
        tiles = prepared.tiles
        if tiles is None:
            raise ValueError(f"{self.name} lays out a picture, and there is none")
        size = tuple(prepared.fields["image_sizes"][0].tolist())
        layout = self._remembered((len(tiles), size), lambda: self._laid_out(len(tiles), prepared))
        return self._fitting(layout, prepared)

    def _laid_out(self, tiles: int, prepared: Prepared) -> Layout:
        places = torch.arange(self.side)
        marks = torch.cartesian_prod(torch.arange(tiles), places, places).float()
        marks = marks.reshape(tiles, self.side**2, 3)
        packed = self._pack(marks, prepared, torch.full((3,), NEWLINE)).numpy()
        return _layout(packed, self.side**2)


def _layout(packed: Float[np.ndarray, "tokens 3"], base: int) -> Layout:
    """From packed marks, `base` tokens of the whole view first.

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
