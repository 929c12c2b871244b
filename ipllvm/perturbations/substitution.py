"""The image as it is, and the image taken away."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ipllvm.perturbations.base import Base
from ipllvm.records import Layout

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class Clean(Base):
    """No perturbation: the reference of every contrast."""

    random: ClassVar[bool] = False

    def __str__(self) -> str:
        return "clean"

    def apply(self, value: "Image.Image", layout: Layout | None, rng: np.random.Generator) -> "Image.Image":
        """The image unchanged."""
        return value


@dataclass(frozen=True, slots=True)
class Blank(Base):
    """An image of the same size in one grey: what a model answers without looking."""

    level: int = 127
    random: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"blank(level={self.level})"

    def apply(self, value: "Image.Image", layout: Layout | None, rng: np.random.Generator) -> "Image.Image":
        """A grey RGB image of the size of `value`."""
        from PIL import Image

        return Image.new("RGB", value.size, (self.level,) * 3)
