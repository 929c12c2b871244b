"""Groups of visual tokens: the cells of a grid laid over the picture (paper sections 3.3 and 3.7)."""

from typing import TYPE_CHECKING

import numpy as np

from ipllvm.errors import UsageError
from ipllvm.records import Layout

if TYPE_CHECKING:
    from jaxtyping import Int


def edges(extent: int, grid: int) -> "Int[np.ndarray, 'grid+1']":
    """Where the cells of a grid begin and end along a side of `extent` pixels or tokens.

    >>> edges(7, 2)
    array([0, 4, 7])
    """
    return np.rint(np.arange(grid + 1) * extent / grid).astype(int)


def groups(layout: Layout, grid: int) -> "Int[np.ndarray, 'tokens']":
    """The cell (row-major, from 0) of each token in a grid x grid; -1 for newlines, which are in none.

    Every view is divided by its own extent, so that a cell is the same part of the picture in each.
    """
    check_grid(grid)
    cells = np.full(len(layout), -1)
    for view in np.unique(layout.view):
        inside = (layout.view == view) & ~layout.newline
        if inside.any():
            cells[inside] = _lines(layout.row[inside], grid) * grid + _lines(layout.column[inside], grid)
    return cells


def members(layout: Layout, grid: int, group: int) -> "Int[np.ndarray, 'members']":
    """The positions of a group's tokens in packed order; raises UsageError where it has none."""
    found = np.flatnonzero(groups(layout, grid) == group)
    if not len(found):
        raise UsageError(
            f"group {group} of a {grid} x {grid} grid holds no visual token of this picture: "
            "use a coarser grid"
        )
    return found


def centre(grid: int) -> tuple[int, ...]:
    """The inner 2 x 2 groups; raises UsageError for an odd grid or one without a ring around them.

    >>> centre(4)
    (5, 6, 9, 10)
    """
    if grid < 4 or grid % 2:
        raise UsageError(f"a {grid} x {grid} grid has no inner 2 x 2 groups: use an even grid from 4 up")
    low, high = grid // 2 - 1, grid // 2
    return tuple(row * grid + column for row in (low, high) for column in (low, high))


def edge(grid: int) -> tuple[int, ...]:
    """The groups of the outer ring.

    >>> len(edge(4)), len(edge(6))
    (12, 20)
    """
    outer = (0, check_grid(grid) - 1)
    return tuple(cell for cell in range(grid**2) if cell // grid in outer or cell % grid in outer)


def check_grid(grid: int) -> int:
    """`grid`, if it has at least one cell; raises UsageError."""
    if grid < 1:
        raise UsageError(f"a grid has at least 1 x 1 cells, not {grid}")
    return grid


def check_group(group: int, grid: int) -> int:
    """`group`, if the grid has it; raises UsageError."""
    if not 0 <= group < check_grid(grid) ** 2:
        raise UsageError(f"no group {group} in a {grid} x {grid} grid: they are 0 to {grid**2 - 1}")
    return group


def _lines(places: "Int[np.ndarray, 'tokens']", grid: int) -> "Int[np.ndarray, 'tokens']":
    """Which row (or column) of the grid each row (or column) of tokens lies in."""
    ends = edges(int(places.max()) + 1, grid)
    return np.searchsorted(ends, places, side="right") - 1
