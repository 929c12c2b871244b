"""The image cut into cells that are put together in another order (paper section 3.3, Fig. 2)."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ipllvm.errors import UsageError
from ipllvm.perturbations.base import Base
from ipllvm.perturbations.groups import check_grid, check_group
from ipllvm.perturbations.permutation import exchanged, listed, swaps_of
from ipllvm.records import Changes, Layout

if TYPE_CHECKING:
    from jaxtyping import Int
    from PIL import Image


@dataclass(frozen=True, slots=True)
class PatchShuffle(Base):
    """A uniformly random order of the cells of a grid x grid; raises UsageError for a grid below 1.

    Sides that the grid does not divide are resized to the nearest multiple first (`fitted`).
    """

    grid: int = 2
    random: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_grid(self.grid)

    def __str__(self) -> str:
        return f"patch_shuffle(grid={self.grid})"

    def apply(self, value: "Image.Image", layout: Layout | None, rng: np.random.Generator) -> "Image.Image":
        """The image, resized where it must be, with its cells in another order."""
        return rearranged(value, rng.permutation(self.grid**2), self.grid)

    def taken_apart(self, layout: Layout | None, rng: np.random.Generator) -> Changes:
        """Swaps of two cells."""
        pairs = swaps_of(rng.permutation(self.grid**2))
        return Changes(pairs, partial(CellSwaps, grid=self.grid), "swap of two cells of the picture")


@dataclass(frozen=True, slots=True)
class CellSwaps(Base):
    """Cells of a grid x grid exchanged pair by pair, in turn: the form that a shuffle is shrunk to.

    Raises UsageError for cells that the grid does not have. Sides are resized as by PatchShuffle.
    """

    pairs: tuple[tuple[int, int], ...] = ()
    grid: int = 2
    random: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for pair in self.pairs:
            for cell in pair:
                check_group(cell, self.grid)

    def __str__(self) -> str:
        return f"cell_swaps(pairs={listed(self.pairs)}, grid={self.grid})"

    def apply(self, value: "Image.Image", layout: Layout | None, rng: np.random.Generator) -> "Image.Image":
        """The image, resized where it must be, with the cells exchanged."""
        order = np.arange(self.grid**2)
        exchanged(order, self.pairs)
        return rearranged(value, order, self.grid)


def fitted(image: "Image.Image", grid: int) -> "Image.Image":
    """The image with both sides resized (bicubic) to the nearest multiple of `grid`, at least one."""
    from PIL import Image

    width, height = (max(1, round(side / grid)) * grid for side in image.size)
    return image if image.size == (width, height) else image.resize((width, height), Image.Resampling.BICUBIC)


def rearranged(image: "Image.Image", order: "Int[np.ndarray, 'cells']", grid: int) -> "Image.Image":
    """Cell `order[i]` at place i (row-major); raises UsageError where `order` is no order of the cells."""
    from PIL import Image

    if sorted(order) != list(range(grid**2)):
        raise UsageError(f"the order of a {grid} x {grid} grid names each of its {grid**2} cells once")
    ready = fitted(image, grid)
    width, height = ready.width // grid, ready.height // grid
    result = Image.new(ready.mode, ready.size)
    for place, cell in enumerate(np.asarray(order).tolist()):
        left, top = cell % grid * width, cell // grid * height
        patch = ready.crop((left, top, left + width, top + height))
        result.paste(patch, (place % grid * width, place // grid * height))
    return result
