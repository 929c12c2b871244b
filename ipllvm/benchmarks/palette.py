"""The eight colours of the made pictures: easy-VQA's names and values, so that one word means
one colour in all three benchmarks.
"""

import numpy as np

RGB = tuple[int, int, int]

COLORS: dict[str, RGB] = {
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "teal": (0, 128, 128),
    "brown": (165, 42, 42),
    "black": (0, 0, 0),
    "gray": (128, 128, 128),
}
SIZE = 112


def background(rng: np.random.Generator) -> RGB:
    """A light colour, each channel in 225..255."""
    red, green, blue = (int(c) for c in rng.integers(225, 256, 3))
    return red, green, blue
