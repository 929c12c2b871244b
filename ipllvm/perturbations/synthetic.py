"""Another picture of what a caption of the image says (paper section 3.4, Table 2)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ipllvm.perturbations.base import Base
from ipllvm.records import Layout

if TYPE_CHECKING:
    from jaxtyping import UInt8
    from PIL import Image


@dataclass(frozen=True, slots=True, eq=False)
class Instead(Base):
    """A picture in the place of every picture: RGB pixels."""

    pixels: "UInt8[np.ndarray, 'height width 3']"
    random: ClassVar[bool] = False

    def __str__(self) -> str:
        height, width = self.pixels.shape[:2]
        return f"instead(height={height}, width={width})"

    def apply(self, value: "Image.Image", layout: Layout | None, rng: np.random.Generator) -> "Image.Image":
        """The other picture, of a size of its own."""
        from PIL import Image

        return Image.fromarray(self.pixels)


@dataclass(frozen=True, slots=True)
class Synthetic(Base):
    """The image drawn anew from its caption; `provider` is the identity of who captions and draws."""

    provider: str = "by hand"
    random: ClassVar[bool] = False
    artifact: ClassVar[str] = "synthetic"

    def __str__(self) -> str:
        return f"synthetic(provider={self.provider})"

    def given(self, artifact: "UInt8[np.ndarray, 'height width 3']") -> Instead:
        """The picture that was drawn."""
        return Instead(artifact)

    def apply(self, value: "Image.Image", layout: Layout | None, rng: np.random.Generator) -> "Image.Image":
        """Always a TypeError: the picture is known only by `given`."""
        raise TypeError(f"{self} needs a synthetic picture: apply what given(picture) returns")
