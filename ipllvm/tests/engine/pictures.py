"""Small pictures of several shapes, as samples."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from ipllvm.records import Sample
from ipllvm.sampling import generator

SHAPES = ((28, 28), (80, 30), (30, 80), (50, 60), (9, 12))
QUESTIONS = (
    "how many?",
    "what color is the largest red circle in the picture?",
    "is it?",
    "why",
    "where is it now",
)


@dataclass(frozen=True, slots=True)
class Noise:
    """A picture of seeded noise, `shape` = (height, width)."""

    seed: int
    shape: tuple[int, int]

    def load(self) -> Image.Image:
        """Draw it."""
        pixels = generator("noise", self.seed).integers(0, 256, (*self.shape, 3))
        return Image.fromarray(pixels.astype(np.uint8))


def samples(count: int) -> tuple[Sample, ...]:
    """`count` samples, shapes and prompt lengths mixed; two questions a picture."""
    return tuple(
        Sample(f"s{i}", f"c{i // 2}", (Noise(i // 2, SHAPES[i // 2 % 5]),), QUESTIONS[i % 5], "red")
        for i in range(count)
    )
