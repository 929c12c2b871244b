"""The picture as it comes through a compressor, or a noisy sensor."""

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ipllvm.errors import UsageError
from ipllvm.perturbations.base import Base
from ipllvm.records import Layout

if TYPE_CHECKING:
    from PIL import Image

WHITE = 255.0


@dataclass(frozen=True, slots=True)
class Jpeg(Base):
    """The picture after a round trip through JPEG at `quality`, 1 to 95 as Pillow counts; else UsageError."""

    quality: int = 20

    def __post_init__(self) -> None:
        if not 1 <= self.quality <= 95:
            raise UsageError(f"quality {self.quality}: give 1 to 95")

    def __str__(self) -> str:
        return f"jpeg(quality={self.quality})"

    def apply(self, value: "Image.Image", layout: Layout | None, rng: np.random.Generator) -> "Image.Image":
        """The picture decoded again, RGB."""
        from PIL import Image

        stream = BytesIO()
        value.convert("RGB").save(stream, "JPEG", quality=self.quality)
        return Image.open(stream).convert("RGB")


@dataclass(frozen=True, slots=True)
class PixelNoise(Base):
    """Normal noise on every channel of every pixel; `sigma` is a share of the range from black to white.

    Values beyond the range are cut. The noise of a draw at one strength is that at another, scaled. Raises
    UsageError unless 0 <= sigma <= 4.
    """

    sigma: float = 0.1
    random: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 <= self.sigma <= 4:
            raise UsageError(f"sigma {self.sigma}: give 0 to 4")

    @property
    def seed_key(self) -> str:
        """One for all strengths."""
        return "pixel_noise"

    def __str__(self) -> str:
        return f"pixel_noise(sigma={float(self.sigma)})"

    def apply(self, value: "Image.Image", layout: Layout | None, rng: np.random.Generator) -> "Image.Image":
        """The noisy picture, RGB."""
        from PIL import Image

        pixels = np.asarray(value.convert("RGB"), dtype=float)
        noisy = pixels + self.sigma * WHITE * rng.standard_normal(pixels.shape)
        return Image.fromarray(np.clip(np.round(noisy), 0, WHITE).astype(np.uint8))
