"""The same picture in another size, on a wider canvas, or oriented."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from ipllvm.errors import UnknownName, UsageError
from ipllvm.perturbations.base import Base
from ipllvm.records import Layout

if TYPE_CHECKING:
    from PIL import Image

TURNS: Final = ("none", "mirrored", "upside_down", "quarter_left", "quarter_right")


@dataclass(frozen=True, slots=True)
class Resized(Base):
    """Both sides times `scale`, at least one pixel (bicubic); raises UsageError unless 0 < scale <= 8."""

    scale: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.scale <= 8:
            raise UsageError(f"scale {self.scale}: give more than 0 and at most 8")

    def __str__(self) -> str:
        return f"resized(scale={float(self.scale)})"

    def apply(self, value: "Image.Image", layout: Layout | None, rng: np.random.Generator) -> "Image.Image":
        """The picture in its new size."""
        from PIL import Image

        width, height = (max(1, round(side * self.scale)) for side in value.size)
        size = (width, height)
        return value if size == value.size else value.resize(size, Image.Resampling.BICUBIC)


@dataclass(frozen=True, slots=True)
class Letterboxed(Base):
    """The picture in the middle of a black canvas, no larger than it must be, `aspect` times as wide as high.

    No pixel of the picture changes. Raises UsageError unless 1/16 <= aspect <= 16.
    """

    aspect: float = 2.0

    def __post_init__(self) -> None:
        if not 1 / 16 <= self.aspect <= 16:
            raise UsageError(f"aspect {self.aspect}: give 0.0625 to 16")

    def __str__(self) -> str:
        return f"letterboxed(aspect={float(self.aspect)})"

    def apply(self, value: "Image.Image", layout: Layout | None, rng: np.random.Generator) -> "Image.Image":
        """The picture on its canvas."""
        from PIL import Image

        width = max(value.width, round(value.height * self.aspect))
        height = max(value.height, round(value.width / self.aspect))
        canvas = Image.new(value.mode, (width, height))
        canvas.paste(value, ((width - value.width) // 2, (height - value.height) // 2))
        return canvas


@dataclass(frozen=True, slots=True)
class Oriented(Base):
    """The picture mirrored left to right, upside down (by half a turn), or by a quarter of a turn."""

    turn: str = "mirrored"

    def __post_init__(self) -> None:
        if self.turn not in TURNS:
            raise UnknownName("turn of a picture", self.turn, TURNS)

    def __str__(self) -> str:
        return f"oriented(turn={self.turn})"

    def apply(self, value: "Image.Image", layout: Layout | None, rng: np.random.Generator) -> "Image.Image":
        """The picture as it is oriented; no pixel gets lost."""
        from PIL import Image

        ways = (
            None,
            Image.Transpose.FLIP_LEFT_RIGHT,
            Image.Transpose.ROTATE_180,
            Image.Transpose.ROTATE_90,
            Image.Transpose.ROTATE_270,
        )
        way = ways[TURNS.index(self.turn)]
        return value if way is None else value.transpose(way)
