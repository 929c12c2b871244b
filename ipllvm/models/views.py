"""The grids that visual tokens come from, and where each token stands in its picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ipllvm.records import Layout


@dataclass(frozen=True, slots=True)
class View:
    """A grid of visual tokens, row by row: a whole picture, or a tile of its map that begins at a row and a
    column of the map. Pictures of a sample count from 0.
    """

    rows: int
    columns: int
    whole: bool = True
    top: int = 0
    left: int = 0
    picture: int = 0

    def __len__(self) -> int:
        return self.rows * self.columns


def tiled(across: tuple[int, int], size: tuple[int, int], picture: int = 0) -> Iterator[View]:
    """The tiles of a map, `across` (rows, columns) of them, row by row, each of `size` (rows, columns)."""
    for row in range(across[0]):
        for column in range(across[1]):
            yield View(*size, False, row * size[0], column * size[1], picture)


def laid_out(views: Sequence[View]) -> Layout:
    """The tokens of some views behind each other; a picture has a view for the whole and one for its map."""
    grids = [
        np.indices((view.rows, view.columns)).reshape(2, -1) for view in views
    ]  # [(row, column), tokens]
    row = [grid[0] + view.top for grid, view in zip(grids, views, strict=True)]
    column = [grid[1] + view.left for grid, view in zip(grids, views, strict=True)]
    number = [np.full(len(view), 2 * view.picture + (not view.whole)) for view in views]
    newline = np.zeros(sum(map(len, views)), bool)
    return Layout(np.concatenate(number), np.concatenate(row), np.concatenate(column), newline)
