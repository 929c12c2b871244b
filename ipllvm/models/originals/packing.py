"""From the tiles of a picture to visual tokens, as the authors' code packs them.

Transformers' classes pack `spatial_unpad` alone, and round where the authors' code cuts off, which is another
row or column for about one size of 50,000.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from transformers.image_processing_utils import select_best_resolution

from ipllvm.records import Layout

STRETCHED = 1.1
"""A map is scaled down where its sides are more than so many times too long."""
Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Packing:
    """How tiles become tokens: one tile of the whole picture first, then those of its map, row by row.

    A tile has `side` x `side` tokens and is `tile` pixels wide; `resolutions` (height, width) are what a
    picture is fitted into. `merge` is flat (tile by tile), spatial (the map row by row) or spatial_unpad (the
    map cut to the picture, a newline behind each row, scaled down to `most` tiles' worth if that is no None).
    """

    side: int
    tile: int
    resolutions: Sequence[Size]
    merge: str
    most: int | None = None

    def across(self, size: Size) -> Size:
        """How many rows and columns of tiles a picture of that height and width is cut into."""
        height, width = select_best_resolution(size, list(self.resolutions))
        return height // self.tile, width // self.tile

    def pack(
        self, tiles: Float[Tensor, "tiles tokens width"], size: Size, newline: Float[Tensor, " width"]
    ) -> Float[Tensor, "visual width"]:
        """The tokens of a picture of that height and width."""
        if self.merge == "flat":
            return tiles.flatten(0, 1)
        (rows, columns), side, width = self.across(size), self.side, tiles.shape[-1]
        grid = tiles[1:].view(rows, columns, side, side, width).transpose(1, 2)
        grid = grid.reshape(rows * side, columns * side, width)
        if self.merge == "spatial_unpad":
            top, left = _cut(grid.shape[:2], size)
            grid = grid[top : len(grid) - top, left : grid.shape[1] - left]
            grid = self._scaled(grid)
            ends = newline.to(grid).expand(len(grid), 1, width)
            grid = torch.cat([grid, ends], 1)
        return torch.cat([tiles[0], grid.flatten(0, 1)])

    def layout(self, size: Size) -> Layout:
        """Where each token comes from, as long as what `pack` makes."""
        across, side = self.across(size), self.side
        whole = np.indices((side, side)).reshape(2, -1)
        unpadded = self.merge == "spatial_unpad"
        rows, columns = self._kept(size) if unpadded else (across[0] * side, across[1] * side)
        grid = np.indices((rows, columns))
        newline = np.zeros((rows, columns), bool)
        if unpadded:  # as one more column
            grid = np.indices((rows, columns + 1))
            newline = np.pad(newline, ((0, 0), (0, 1)), constant_values=True)
        if self.merge == "flat":
            grid = grid.reshape(2, across[0], side, across[1], side).swapaxes(2, 3)
        places = np.concatenate([whole, grid.reshape(2, -1)], 1)
        high = np.arange(places.shape[1]) >= side**2
        separators = np.concatenate([np.zeros(side**2, bool), newline.ravel()])
        return Layout(high.astype(int), places[0], places[1], separators)

    def _kept(self, size: Size) -> Size:
        """The rows and columns of the map without newlines, cut and scaled down."""
        rows, columns = (number * self.side for number in self.across(size))
        top, left = _cut((rows, columns), size)
        return self._shrunk((rows - 2 * top, columns - 2 * left))

    def _shrunk(self, shape: Size) -> Size:
        """What a map of so many rows and columns is scaled down to."""
        if self.most is None:
            return shape
        times = sqrt(shape[0] * shape[1] / (self.most * self.side**2))
        return (int(shape[0] // times), int(shape[1] // times)) if times > STRETCHED else shape

    def _scaled(self, grid: Float[Tensor, "rows columns width"]) -> Float[Tensor, "fewer narrower width"]:
        shape = (grid.shape[0], grid.shape[1])
        if (smaller := self._shrunk(shape)) == shape:
            return grid
        wide = torch.nn.functional.interpolate(grid.permute(2, 0, 1)[None], smaller, mode="bilinear")
        return wide[0].permute(1, 2, 0)


def _cut(shape: Sequence[int], size: Size) -> Size:
    """How many rows above and below, and columns on either side, a map holds no picture."""
    (rows, columns), (height, width) = shape, size
    if width / height > columns / rows:
        return (rows - int(height * (columns / width))) // 2, 0
    return 0, (columns - int(width * (rows / height))) // 2
