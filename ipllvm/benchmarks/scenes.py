"""`scenes`: coloured shapes in a 3 x 3 grid, made by the project, deterministic in (seed, index).

A blind model gains nothing: every answer is uniform given the question's text. The count is
drawn before the picture; "yes" and "no" are drawn before the objects they are about; colours,
shapes, rows and columns are uniform because the drawing treats all of them alike.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image, ImageDraw

from ipllvm.benchmarks import rendering
from ipllvm.benchmarks.palette import COLORS, RGB, SIZE, background
from ipllvm.benchmarks.questions import YES_NO, Question
from ipllvm.records import Benchmark
from ipllvm.sampling import choose, generator

GRID = 3
SHAPES = ("circle", "square", "triangle", "cross", "star", "diamond")
COUNTS = ("0", "1", "2", "3", "4")
PLACES = tuple(str(i + 1) for i in range(GRID))
KINDS = ("color", "shape", "count", "row", "column", "relation", "existence")
_STAR = [(0.0, -1.0), (0.25, -0.3), (0.95, -0.3), (0.4, 0.12), (0.6, 0.85),
         (0.0, 0.4), (-0.6, 0.85), (-0.4, 0.12), (-0.95, -0.3), (-0.25, -0.3)]  # fmt: skip
_CROSS = [(-0.3, -1.0), (0.3, -1.0), (0.3, -0.3), (1.0, -0.3), (1.0, 0.3), (0.3, 0.3),
          (0.3, 1.0), (-0.3, 1.0), (-0.3, 0.3), (-1.0, 0.3), (-1.0, -0.3), (-0.3, -0.3)]  # fmt: skip
_OUTLINES: dict[str, list[tuple[float, float]]] = {
    "square": [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
    "triangle": [(0.0, -0.95), (1.0, 0.85), (-1.0, 0.85)],
    "diamond": [(0.0, -1.0), (0.75, 0.0), (0.0, 1.0), (-0.75, 0.0)],
    "star": _STAR,
    "cross": _CROSS,
}


@dataclass(frozen=True, slots=True)
class Item:
    """One drawn object; row and column count from 0, centre and radius are in pixels."""

    color: str
    shape: str
    row: int
    column: int
    x: int
    y: int
    radius: int

    @property
    def name(self) -> str:
        """Colour and shape, as captions and questions say it."""
        return f"{self.color} {self.shape}"


@dataclass(frozen=True, slots=True)
class Scene:
    """A drawn scene: an image as a value, rendered when asked for."""

    items: tuple[Item, ...]
    ground: RGB
    anchor: str
    anchor_count: int
    size: tuple[int, int] = (SIZE, SIZE)

    def load(self) -> Image.Image:
        """The picture, RGB, of `size` (width, height) in px."""
        image = Image.new("RGB", self.size, self.ground)
        draw = ImageDraw.Draw(image)
        for item in self.items:
            _draw(draw, item)
        return image

    def caption(self) -> str:
        """Every object with its row and column, in reading order."""
        parts = [f"a {i.name} in row {i.row + 1} column {i.column + 1}" for i in self.items]
        return f"{len(parts)} objects: {', '.join(parts)}."


def _draw(draw: ImageDraw.ImageDraw, item: Item) -> None:
    fill = COLORS[item.color]
    x, y, r = item.x, item.y, item.radius
    if item.shape == "circle":
        draw.ellipse((x - r, y - r, x + r, y + r), fill=fill)
    else:
        draw.polygon([(x + r * dx, y + r * dy) for dx, dy in _OUTLINES[item.shape]], fill=fill)


def scene(rng: np.random.Generator) -> Scene:
    """A scene of 2 to 6 objects; its anchor (a colour or a shape) occurs 0 to 4 times, uniformly."""
    by_color = bool(rng.integers(2))
    anchor = choose(rng, tuple(COLORS) if by_color else SHAPES)
    wanted = int(rng.integers(len(COUNTS)))
    total = max(2, wanted + int(rng.integers(1, 3 if wanted > 1 else 4)))
    colors = [c for c in COLORS if not (by_color and c == anchor)]
    shapes = [s for s in SHAPES if by_color or s != anchor]
    cells = sorted(int(c) for c in rng.permutation(GRID * GRID)[:total])
    anchored = {int(i) for i in rng.permutation(total)[:wanted]}
    items = []
    for index, cell in enumerate(cells):
        color, shape = choose(rng, colors), choose(rng, shapes)
        if index in anchored:
            color, shape = (anchor, shape) if by_color else (color, anchor)
        items.append(_place(rng, color, shape, cell))
    return Scene(tuple(items), background(rng), anchor, wanted)


def _place(rng: np.random.Generator, color: str, shape: str, cell: int) -> Item:
    row, column = divmod(cell, GRID)
    radius = int(rng.integers(11, 15))
    dx, dy = (int(d) for d in rng.integers(-3, 4, 2))
    center = [round((place + 0.5) * SIZE / GRID) for place in (column, row)]
    return Item(color, shape, row, column, center[0] + dx, center[1] + dy, radius)


def _named_once(s: Scene) -> list[Item]:
    names = Counter(item.name for item in s.items)
    return [item for item in s.items if names[item.name] == 1]


def _color(s: Scene, rng: np.random.Generator) -> Question | None:
    counts = Counter(item.shape for item in s.items)
    once = [item for item in s.items if counts[item.shape] == 1]
    if not once:
        return None
    item = choose(rng, once)
    return Question("color", f"What color is the {item.shape}?", item.color, tuple(COLORS))


def _shape(s: Scene, rng: np.random.Generator) -> Question | None:
    counts = Counter(item.color for item in s.items)
    once = [item for item in s.items if counts[item.color] == 1]
    if not once:
        return None
    item = choose(rng, once)
    return Question("shape", f"What shape is the {item.color} object?", item.shape, SHAPES)


def _count(s: Scene, rng: np.random.Generator) -> Question | None:
    noun = f"{s.anchor} objects" if s.anchor in COLORS else f"{_plural(s.anchor)}"
    return Question("count", f"How many {noun} are there?", str(s.anchor_count), COUNTS)


def _plural(shape: str) -> str:
    return f"{shape}es" if shape.endswith("s") else f"{shape}s"


def _row(s: Scene, rng: np.random.Generator) -> Question | None:
    once = _named_once(s)
    if not once:
        return None
    item = choose(rng, once)
    return Question("row", f"Which row is the {item.name} in?", PLACES[item.row], PLACES)


def _column(s: Scene, rng: np.random.Generator) -> Question | None:
    once = _named_once(s)
    if not once:
        return None
    item = choose(rng, once)
    text = f"Which column is the {item.name} in?"
    return Question("column", text, PLACES[item.column], PLACES)


def _relation(s: Scene, rng: np.random.Generator) -> Question | None:
    axis, words = choose(rng, (("column", "left of"), ("row", "above")))
    once = _named_once(s)
    pairs = [(a, b) for a in once for b in once if getattr(a, axis) < getattr(b, axis)]
    if not pairs:
        return None
    first, second = choose(rng, pairs)
    answer = choose(rng, YES_NO)
    if answer == "no":
        first, second = second, first
    return Question("relation", f"Is the {first.name} {words} the {second.name}?", answer, YES_NO)


def _existence(s: Scene, rng: np.random.Generator) -> Question | None:
    present = sorted({item.name for item in s.items})
    answer = choose(rng, YES_NO)
    if answer == "no":
        names = [f"{c} {shape}" for c in COLORS for shape in SHAPES]
        present = [name for name in names if name not in present]
    return Question("existence", f"Is there a {choose(rng, present)}?", answer, YES_NO)


_ASK: dict[str, Callable[[Scene, np.random.Generator], Question | None]] = {
    "color": _color,
    "shape": _shape,
    "count": _count,
    "row": _row,
    "column": _column,
    "relation": _relation,
    "existence": _existence,
}


def questions(s: Scene, rng: np.random.Generator) -> Iterator[Question]:
    """Every kind of question that the scene admits, once, in a random order."""
    for index in rng.permutation(len(KINDS)):
        question = _ASK[KINDS[int(index)]](s, rng)
        if question is not None:
            yield question


def draw(seed: int, split: str, index: int) -> tuple[Scene, np.random.Generator]:
    """Scene `index` of a split, and the generator that its questions are drawn from."""
    rng = generator("scenes", seed, split, index)
    return scene(rng), rng


def _picture(seed: int, index: int) -> rendering.Picture:
    drawn, rng = draw(seed, "test", index)
    return drawn, questions(drawn, rng)


def short(seed: int = 0) -> Benchmark:
    """The test split with one-word answers: 1,500 samples on 750 pictures."""
    return rendering.made("scenes", partial(_picture, seed), seed, lettered=False)


def lettered(seed: int = 0) -> Benchmark:
    """`scenes` as multiple choice, 2 to 4 options."""
    return rendering.made("scenes", partial(_picture, seed), seed, lettered=True)
