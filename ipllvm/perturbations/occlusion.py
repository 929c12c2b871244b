"""Parts of the image painted black before the processor sees it (paper section 3.5, Fig. 5 and 6).

Random, salient and non-salient PatchDrop follow Naseer et al. 2021, sections 3.1 and A.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from statistics import fmean
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ipllvm.errors import UnknownName, UsageError
from ipllvm.perturbations.base import Base
from ipllvm.perturbations.groups import check_grid, check_group, edges
from ipllvm.records import Changes, Layout

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from PIL import Image

BUDGETS = ("count", "mass")


@dataclass(frozen=True, slots=True)
class Drop(Base):
    """The named cells of a grid (row-major) in black; raises UsageError for cells it does not have."""

    cells: tuple[int, ...] = ()
    grid: int = 14
    random: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_grid(self.grid)
        object.__setattr__(self, "cells", tuple(sorted({check_group(c, self.grid) for c in self.cells})))

    @property
    def fraction(self) -> float:
        """The realised share of cells that are dropped."""
        return len(self.cells) / self.grid**2

    def __str__(self) -> str:
        return f"drop(cells={'+'.join(map(str, self.cells)) or 'none'}, grid={self.grid})"

    def apply(self, value: "Image.Image", layout: Layout | None, rng: np.random.Generator) -> "Image.Image":
        """The image with the cells in black."""
        mask = np.zeros(self.grid**2, bool)
        mask[list(self.cells)] = True
        return blacked(value, mask.reshape(self.grid, self.grid))

    def taken_apart(self, layout: Layout | None, rng: np.random.Generator) -> Changes:
        """The cells one by one."""
        return Changes(self.cells, partial(Drop, grid=self.grid), "cell in black")


@dataclass(frozen=True, slots=True)
class RandomDrop(Base):
    """A random choice of exactly round(ratio x cells) cells in black.

    The cells of one generator at a smaller ratio are among those at a larger one, and the engine's
    generator is the same for every ratio (`seed_key`).
    """

    ratio: float = 0.5
    grid: int = 14
    random: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check(self.ratio, self.grid)

    @property
    def seed_key(self) -> str:
        """What the generator is keyed by in place of the printed form: all but the ratio."""
        return f"random_drop(grid={self.grid})"

    @property
    def fraction(self) -> float:
        """The realised share of cells that are dropped."""
        return count(self.ratio, self.grid) / self.grid**2

    def __str__(self) -> str:
        return f"random_drop(ratio={float(self.ratio)}, grid={self.grid})"

    def apply(self, value: "Image.Image", layout: Layout | None, rng: np.random.Generator) -> "Image.Image":
        """The image with the cells in black."""
        return self.drop(rng).apply(value, layout, rng)

    def taken_apart(self, layout: Layout | None, rng: np.random.Generator) -> Changes:
        """The cells of this draw one by one."""
        return self.drop(rng).taken_apart(layout, rng)

    def drop(self, rng: np.random.Generator) -> Drop:
        """Which cells it is this time."""
        order = rng.permutation(self.grid**2)
        return Drop(tuple(order[: count(self.ratio, self.grid)].tolist()), self.grid)


@dataclass(frozen=True, slots=True)
class SalientDrop(Base):
    """The most salient cells in black, or with `lowest` the least salient ones.

    Budget `count` drops exactly round(ratio x cells) of them. `mass` drops the fewest most salient
    cells that hold at least `ratio` of the saliency, or with `lowest` what those of 1 - ratio leave
    over: the two are complements. `provider` is the identity of what makes the maps.
    """

    ratio: float = 0.5
    grid: int = 14
    lowest: bool = False
    budget: str = "count"
    provider: str = "by hand"
    random: ClassVar[bool] = False
    artifact: ClassVar[str] = "saliency"

    def __post_init__(self) -> None:
        _check(self.ratio, self.grid)
        if self.budget not in BUDGETS:
            raise UnknownName("budget of occlusion", self.budget, BUDGETS)

    @property
    def fraction(self) -> float | None:
        """The realised share of cells that are dropped; None where the map decides."""
        return count(self.ratio, self.grid) / self.grid**2 if self.budget == "count" else None

    def __str__(self) -> str:
        which = f"ratio={float(self.ratio)}, grid={self.grid}, lowest={self.lowest}"
        return f"salient_drop({which}, budget={self.budget}, provider={self.provider})"

    def given(self, artifact: "Float[np.ndarray, 'rows columns']") -> Drop:
        """The cells that the image's saliency map, of any size, says; raises UsageError for no map."""
        saliency = regridded(_checked(artifact), self.grid)
        order = np.argsort(saliency, axis=None, kind="stable")
        low = self._low(saliency.ravel()[order])
        chosen = order[:low] if self.lowest else order[low:]
        return Drop(tuple(chosen.tolist()), self.grid)

    def apply(self, value: "Image.Image", layout: Layout | None, rng: np.random.Generator) -> "Image.Image":
        """Always a TypeError: which cells are salient is known only by `given`."""
        raise TypeError(f"{self} needs a saliency map: apply what given(map) returns")

    def _low(self, ascending: "Float[np.ndarray, 'cells']") -> int:
        """How many cells, from the least salient on, count as low: what is dropped or what is left."""
        if self.budget == "count":
            dropped = count(self.ratio, self.grid)
            return dropped if self.lowest else len(ascending) - dropped
        share = self.ratio if self.lowest else round(1 - self.ratio, 12)
        if share in (0, 1):
            return int(share) * len(ascending)
        mass = np.cumsum(ascending)
        return int((mass <= share * mass[-1]).sum())


def realised(
    drop: RandomDrop | SalientDrop, maps: "Iterable[Float[np.ndarray, 'rows columns']]"
) -> float | None:
    """The share of cells that is dropped, meaned over pictures with these maps; None where there is none.

    The maps are looked at only where they decide.
    """
    if drop.fraction is not None:
        return drop.fraction
    shares = [drop.given(each).fraction for each in maps] if isinstance(drop, SalientDrop) else []
    return fmean(shares) if shares else None


def count(ratio: float, grid: int) -> int:
    """How many cells a ratio is.

    >>> [count(ratio, 14) for ratio in (0.0, 0.1, 0.5, 0.9)]
    [0, 20, 98, 176]
    """
    return round(ratio * grid**2)


def blacked(image: "Image.Image", mask: "Bool[np.ndarray, 'grid grid']") -> "Image.Image":
    """The image with the masked cells in black: nearest upsampling with whole-pixel boundaries."""
    from PIL import Image

    if not mask.any():
        return image
    heights, widths = (np.diff(edges(side, len(mask))) for side in (image.height, image.width))
    pixels = np.array(image)
    pixels[mask.repeat(heights, axis=0).repeat(widths, axis=1)] = 0
    return Image.fromarray(pixels)


def regridded(saliency: "Float[np.ndarray, 'rows columns']", grid: int) -> "Float[np.ndarray, 'grid grid']":
    """The saliency in the cells of a grid x grid, each part of a cell counted by its area.

    Sums are exactly rounded, so that ties fall alike on every machine.
    """
    if saliency.shape == (grid, grid):
        return saliency
    sums = [math.fsum((saliency[part] * areas).ravel()) for part, areas in _cells(saliency.shape, grid)]
    return np.array(sums).reshape(grid, grid)


@lru_cache(maxsize=64)
def _cells(
    shape: tuple[int, ...], grid: int
) -> "list[tuple[tuple[slice, slice], Float[np.ndarray, 'rows columns']]]":
    """For each cell of the grid the part of the map that it overlaps, and the areas that they share."""
    rows, columns = ([_overlap(side, grid, cell) for cell in range(grid)] for side in shape)
    return [((down, along), np.outer(high, wide)) for down, high in rows for along, wide in columns]


def _overlap(side: int, grid: int, cell: int) -> "tuple[slice, Float[np.ndarray, 'entries']]":
    """The entries along a side of the map that a cell overlaps, and how much of each."""
    first, last = cell * side // grid, -(-(cell + 1) * side // grid)
    places = np.arange(first, last) * grid
    common = np.minimum((cell + 1) * side, places + grid) - np.maximum(cell * side, places)
    return slice(first, last), common / grid


def _checked(saliency: "Float[np.ndarray, 'rows columns']") -> "Float[np.ndarray, 'rows columns']":
    found = np.asarray(saliency, dtype=np.float64)
    if found.ndim != 2 or not found.size:
        raise UsageError(f"a saliency map has rows and columns, not the shape {found.shape}")
    if not np.isfinite(found).all() or found.min() < 0 or found.max() == 0:
        raise UsageError("a saliency map is finite, nowhere negative and not 0 everywhere")
    return found


def _check(ratio: float, grid: int) -> None:
    check_grid(grid)
    if not 0 <= ratio <= 1:
        raise UsageError(f"the ratio of dropped cells lies in [0, 1], not {ratio}")
