"""Pictures as TroL and Meteor are shown them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from ipllvm.models.trol.internlm2 import SIDE

CLIP = ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
MOST = 6
"""Tiles that a picture is cut into, at most."""
GRIDS = sorted({(a, b) for a in range(1, MOST + 1) for b in range(1, MOST + 1) if a * b <= MOST}, key=np.prod)


class Squeezed:
    """A square of 490 pixels, scaled bicubically on whole numbers, whatever the picture's aspect."""

    backend = "pil"

    def __init__(self, patch: int) -> None:
        self.side = SIDE * patch

    def __call__(self, images: Sequence[Image.Image], **_: Any) -> dict[str, Tensor]:
        """Pixels [pictures, 3, side, side]."""
        return {"pixel_values": torch.stack([self._one(image) for image in images])}

    def _one(self, image: Image.Image) -> Float[Tensor, "3 side side"]:
        pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None]
        square = torch.nn.functional.interpolate(pixels, (self.side, self.side), mode="bicubic")[0]
        mean, std = (255 * torch.tensor(each)[:, None, None] for each in CLIP)
        return (square.float() - mean) / std


class Tiles:
    """At most six squares of the picture, scaled to the grid nearest in aspect, and the whole last."""

    backend = "pil"

    def __init__(self, side: int) -> None:
        self.side = side

    def across(self, size: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of tiles of a picture of that height and width; of equals the later if large.

        >>> Tiles(448).across((60, 150)), Tiles(448).across((900, 900))
        ((1, 2), (2, 2))
        """
        height, width = size
        best, nearest = (1, 1), float("inf")
        for columns, rows in GRIDS:
            gap = abs(width / height - columns / rows)
            if gap < nearest or (gap == nearest and width * height > self.side**2 * columns * rows / 2):
                best, nearest = (rows, columns), gap
        return best

    def __call__(self, images: Sequence[Image.Image], **_: Any) -> dict[str, Tensor]:
        """Pixels [tiles, 3, side, side] of all pictures behind each other."""
        return {"pixel_values": torch.stack([tile for image in images for tile in self._tiles(image)])}

    def _tiles(self, image: Image.Image) -> list[Float[Tensor, "3 side side"]]:
        picture, side = image.convert("RGB"), self.side
        rows, columns = self.across((picture.height, picture.width))
        grid = picture.resize((columns * side, rows * side))
        places = [(side * column, side * row) for row in range(rows) for column in range(columns)]
        tiles = [grid.crop((left, top, left + side, top + side)) for left, top in places]
        return [self._normal(tile) for tile in [*tiles, *[picture.resize((side, side))] * (len(tiles) > 1)]]

    def _normal(self, tile: Image.Image) -> Float[Tensor, "3 height width"]:
        pixels = torch.from_numpy(np.array(tile)).permute(2, 0, 1).float() / 255
        mean, std = (torch.tensor(each)[:, None, None] for each in IMAGENET)
        return (pixels - mean) / std
