"""The embedded generator: draws what captions in the words of the made benchmarks say.

It knows scenes ("a red circle in row 1 column 2"), charts ("a chart with 2 bars: red 30, blue 45") and
single objects ("a red circle."); of any other text it draws an empty ground.
"""

import re

import numpy as np
from PIL import Image, ImageDraw

from ipllvm.benchmarks.charts import HIGH, Chart
from ipllvm.benchmarks.palette import COLORS, RGB, SIZE
from ipllvm.benchmarks.scenes import GRID, SHAPES, Item, Scene

VERSION = 1
GROUND: RGB = (240, 240, 240)
RADIUS, LONE_RADIUS = 12, 22
_COLOR = "|".join(COLORS)
_SHAPE = "|".join((*SHAPES, "rectangle"))
_PLACED = re.compile(rf"\b({_COLOR}) ({_SHAPE}) in row ([1-{GRID}]) column ([1-{GRID}])\b")
_LONE = re.compile(rf"\b({_COLOR}) ({_SHAPE})\b")
_BAR = re.compile(rf"\b({_COLOR}) (\d{{1,2}})\b")


class Renderer:
    """Pictures of 112 x 112 pixels in the style of the made benchmarks, on a ground of their own."""

    identity = f"renderer version {VERSION}"

    def draw(self, caption: str) -> np.ndarray:
        """RGB pixels, (112, 112, 3), uint8."""
        return np.asarray(_picture(caption.casefold()))


def is_empty(pixels: np.ndarray) -> bool:
    """Whether the renderer found nothing in a caption that it can draw."""
    return bool((pixels == np.array(GROUND)).all())


def _picture(caption: str) -> Image.Image:
    if "chart" in caption and (bars := _BAR.findall(caption)):
        return Chart(tuple((color, min(int(value), HIGH)) for color, value in bars), GROUND).load()
    placed = [
        _item(color, shape, int(row), int(column)) for color, shape, row, column in _PLACED.findall(caption)
    ]
    if not placed and (found := _LONE.search(caption)):
        placed = [Item(found[1], found[2], 1, 1, SIZE // 2, SIZE // 2, LONE_RADIUS)]
    image = Scene(tuple(i for i in placed if i.shape in SHAPES), GROUND, "", 0).load()
    for item in placed:
        if item.shape == "rectangle":
            _rectangle(image, item)
    return image


def _item(color: str, shape: str, row: int, column: int) -> Item:
    x, y = (round((place - 0.5) * SIZE / GRID) for place in (column, row))
    return Item(color, shape, row - 1, column - 1, x, y, RADIUS)


def _rectangle(image: Image.Image, item: Item) -> None:
    """Of easy-VQA's shapes the one that scenes do not have."""
    half = item.radius, round(0.6 * item.radius)
    corners = (item.x - half[0], item.y - half[1], item.x + half[0], item.y + half[1])
    ImageDraw.Draw(image).rectangle(corners, fill=COLORS[item.color])
