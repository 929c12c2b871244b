"""A trial as pictures: the image, and what the perturbation does to it.

What enters behind the pixels is drawn by applying the perturbation, with its own draw, to the picture's
patches: cut by the token grid, they stand for the visual tokens. So a patch is where its token went,
and noise is seen where it fell.
"""

import base64
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image

from ipllvm.artifacts import Artifacts
from ipllvm.engine.pictures import given
from ipllvm.engine.plan import PlannedTrial
from ipllvm.models.base import Prepared, VisionLanguageModel
from ipllvm.records import LayerPerturbation, Layout, Stage, Target

if TYPE_CHECKING:
    from jaxtyping import Float

SIDE = 160
DARK = 0.2


@dataclass(frozen=True, slots=True)
class Depiction:
    """The clean picture, and the one that `words` tells of."""

    clean: Image.Image
    perturbed: Image.Image
    words: str


def draw_trial(
    model: VisionLanguageModel, case: PlannedTrial, side: int, artifacts: Artifacts | None = None
) -> Depiction | None:
    """The pictures of a trial, none larger than `side` px; None for a sample without picture."""
    if not case.sample.images:
        return None
    image = case.sample.images[0].load()
    if case.perturbation.stage is Stage.PIXELS:
        changed = given(case.perturbation, image, artifacts).apply(image, None, case.rng())
        return Depiction(_small(image, side), _small(changed, side), case.perturbation.caption)
    prepared = model.prepare([image], case.sample.prompt)
    layout = model.layout(prepared)
    tokens = _tokens(_base(prepared, image, layout), image, layout, min(side, max(image.size)))
    return Depiction(_small(image, side), *_drawn(case, tokens, layout))


def data_uri(image: Image.Image) -> str:
    """The image as WebP in a data URI."""
    written = BytesIO()
    image.save(written, "WEBP", quality=70)
    return f"data:image/webp;base64,{base64.b64encode(written.getvalue()).decode()}"


def small_uri(image: Image.Image, side: int = SIDE) -> str:
    """The image as WebP in a data URI, scaled down where it is larger than `side` px."""
    return data_uri(_small(image, side))


def _small(image: Image.Image, side: int) -> Image.Image:
    """The image, scaled down where it is larger than `side` px."""
    small = image.convert("RGB")
    small.thumbnail((side, side))
    return small


def _base(prepared: Prepared, image: Image.Image, layout: Layout) -> Image.Image:
    """The base view as the model sees it, cropped or padded, in about the colours of the image; the image
    where the model cuts patches from it and no tiles.

    Each channel of the normalised tile is put back into the range that it has in the image.
    """
    if prepared.tiles is None:
        return image.convert("RGB")
    whole = 0 if layout.view[0] == layout.view.min() else -1
    tile = prepared.tiles[whole].float().numpy().transpose(1, 2, 0)  # [height, width, 3]
    pixels = np.asarray(image.convert("RGB"), np.float32)
    (low, high), (least, most) = (_range(values) for values in (tile, pixels))
    spread = np.where(high > low, high - low, 1)
    return Image.fromarray(np.rint(least + (tile - low) / spread * (most - least)).astype(np.uint8))


def _range(values: "Float[np.ndarray, 'height width 3']") -> tuple[np.ndarray, np.ndarray]:
    return values.min((0, 1)), values.max((0, 1))


def _first(layout: Layout) -> np.ndarray:
    """Where the tokens of the base view stand, without newlines."""
    found: np.ndarray = np.flatnonzero((layout.view == layout.view.min()) & ~layout.newline)
    return found


def _tokens(
    base: Image.Image, image: Image.Image, layout: Layout, side: int
) -> "Float[np.ndarray, 'tokens pixels']":
    """The patch of each token in [0, 1], its pixels in a row; newlines are black."""
    first = _first(layout)
    cell = max(2, side // int(max(layout.row[first].max(), layout.column[first].max()) + 1))
    tokens = np.zeros((len(layout), cell * cell * 3), np.float32)
    for view in np.unique(layout.view):
        inside = np.flatnonzero((layout.view == view) & ~layout.newline)
        rows, columns = layout.row[inside], layout.column[inside]
        seen = base if view == layout.view.min() else image
        tokens[inside] = _cut(seen, int(rows.max()) + 1, int(columns.max()) + 1, cell)[rows, columns]
    return tokens


def _cut(
    image: Image.Image, rows: int, columns: int, cell: int
) -> "Float[np.ndarray, 'rows columns pixels']":
    pixels = np.asarray(image.convert("RGB").resize((columns * cell, rows * cell)), np.float32) / 255
    cells = pixels.reshape(rows, cell, columns, cell, 3).transpose(0, 2, 1, 3, 4)  # [r, c, cell, cell, 3]
    return cells.reshape(rows, columns, -1)  # [r, c, pixels]: the patch of each token in a row


def _drawn(
    case: PlannedTrial, tokens: "Float[np.ndarray, 'tokens pixels']", layout: Layout
) -> tuple[Image.Image, str]:
    """What the perturbation makes of the patches, put together on the base view's grid, in words too."""
    perturbation, first = case.perturbation, _first(layout)
    value = torch.from_numpy(tokens)
    if isinstance(perturbation, LayerPerturbation):
        where = f"at the input of decoder layer {perturbation.layer} (from 0)"
        if perturbation.target is Target.TEXT:
            return _joined(tokens, layout), f"the picture, untouched: noise is on the words, {where}"
        changed = perturbation.apply(value, None, case.rng()).numpy()
        return _joined(changed, layout), f"{perturbation.caption}, {where}"
    if perturbation.stage is Stage.PROJECTED:
        tokens = tokens.copy()
        tokens[first] = perturbation.apply(value[first][None], None, case.rng())[0].numpy()
        return _joined(tokens, layout), perturbation.caption
    changed = perturbation.apply(value, layout, case.rng()).numpy()
    if len(changed) != len(tokens):
        return _joined(_left(case, changed, tokens, layout), layout), perturbation.caption
    return _joined(changed, layout), perturbation.caption


def _left(
    case: PlannedTrial, changed: np.ndarray, tokens: np.ndarray, layout: Layout
) -> "Float[np.ndarray, 'tokens pixels']":
    """What is left at the places that it comes from, on the darkened picture."""
    sources = case.perturbation.apply(torch.eye(len(tokens)), layout, case.rng()).numpy()
    canvas = DARK * tokens
    for patch, weights in zip(changed, sources, strict=True):
        canvas[np.flatnonzero(weights)] = patch
    return canvas


def _joined(tokens: "Float[np.ndarray, 'tokens pixels']", layout: Layout) -> Image.Image:
    """The base view's patches side by side."""
    first = _first(layout)
    rows, columns = layout.row[first], layout.column[first]
    cell = round((tokens.shape[1] / 3) ** 0.5)
    grid = np.zeros((int(rows.max()) + 1, int(columns.max()) + 1, cell, cell, 3), np.float32)
    grid[rows, columns] = tokens[first].reshape(-1, cell, cell, 3)  # [r, c, cell, cell, 3]
    pixels = grid.transpose(0, 2, 1, 3, 4).reshape(grid.shape[0] * cell, -1, 3)  # [height, width, 3]
    return Image.fromarray(np.rint(pixels.clip(0, 1) * 255).astype(np.uint8))
