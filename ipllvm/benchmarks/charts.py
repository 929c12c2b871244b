"""`charts`: bar charts with printed numerals (the text-rich case), deterministic in (seed, index).

A blind model gains nothing: bars take colours at random, values are uniform on 10..99 (they are
spaced on a ring of 90, so that a smallest gap does not favour the ends), the number of bars is
drawn first, and the order of a compared pair follows the answer.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ipllvm.benchmarks import rendering
from ipllvm.benchmarks.palette import COLORS, RGB, SIZE, background
from ipllvm.benchmarks.questions import YES_NO, Question
from ipllvm.records import Benchmark
from ipllvm.sampling import choose, generator

KINDS = ("smallest", "largest", "value", "comparison", "number")
NUMBERS = ("2", "3", "4", "5")
LOW, HIGH, GAP = 10, 99, 4
VALUES = tuple(str(v) for v in range(LOW, HIGH + 1))
FONT_SIZE = 14  # digits of the embedded font are 10 px high at this size
BASE = 96  # y of the axis: numerals stand below it


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawn bar chart: an image as a value, rendered when asked for."""

    bars: tuple[tuple[str, int], ...]
    ground: RGB

    def load(self) -> Image.Image:
        """The picture, RGB, 112 x 112 px, value labels under the axis."""
        image = Image.new("RGB", (SIZE, SIZE), self.ground)
        draw = ImageDraw.Draw(image)
        slot = SIZE / len(self.bars)
        for index, (color, value) in enumerate(self.bars):
            center = (index + 0.5) * slot
            top = BASE - round(value * (BASE - 6) / HIGH)
            half = min(0.36 * slot, 13)
            draw.rectangle((center - half, top, center + half, BASE - 1), fill=COLORS[color])
            draw.text((round(center), BASE + 8), str(value), (0, 0, 0), _font(), anchor="mm")
        draw.line((0, BASE, SIZE, BASE), fill=(0, 0, 0))
        return image

    def caption(self) -> str:
        """Every bar with its value, from left to right."""
        parts = [f"{color} {value}" for color, value in self.bars]
        return f"a chart with {len(parts)} bars: {', '.join(parts)}."


@cache
def _font() -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(FONT_SIZE)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType: install a Pillow wheel from PyPI")
    return font


def chart(rng: np.random.Generator) -> Chart:
    """A chart of 2 to 5 bars, colours distinct, values at least 4 apart on the ring of 90."""
    number = int(choose(rng, NUMBERS))
    colors = [tuple(COLORS)[i] for i in rng.permutation(len(COLORS))[:number]]
    span = HIGH - LOW + 1
    slack = np.sort(rng.integers(0, span - GAP * number, number - 1))
    offsets = np.concatenate([[0], slack + GAP * np.arange(1, number)])
    ring = (int(rng.integers(span)) + offsets) % span + LOW
    values = [int(ring[i]) for i in rng.permutation(number)]
    return Chart(tuple(zip(colors, values, strict=True)), background(rng))


def _extreme(c: Chart, kind: str) -> Question:
    pick = min if kind == "smallest" else max
    color = pick(c.bars, key=lambda bar: bar[1])[0]
    return Question(kind, f"Which color is the {kind} bar?", color, tuple(COLORS))


def _value(c: Chart, rng: np.random.Generator) -> Question:
    color, value = choose(rng, c.bars)
    return Question("value", f"What is the value of the {color} bar?", str(value), VALUES)


def _comparison(c: Chart, rng: np.random.Generator) -> Question:
    i, j = (int(k) for k in rng.permutation(len(c.bars))[:2])
    low, high = sorted((c.bars[i], c.bars[j]), key=lambda bar: bar[1])
    answer = choose(rng, YES_NO)
    first, second = (high, low) if answer == "yes" else (low, high)
    text = f"Is the {first[0]} bar larger than the {second[0]} bar?"
    return Question("comparison", text, answer, YES_NO)


def _number(c: Chart) -> Question:
    return Question("number", "How many bars are there?", str(len(c.bars)), NUMBERS)


_ASK: dict[str, Callable[[Chart, np.random.Generator], Question]] = {
    "smallest": lambda c, rng: _extreme(c, "smallest"),
    "largest": lambda c, rng: _extreme(c, "largest"),
    "value": _value,
    "comparison": _comparison,
    "number": lambda c, rng: _number(c),
}


def questions(c: Chart, rng: np.random.Generator) -> Iterator[Question]:
    """Every kind of question once, in a random order."""
    for index in rng.permutation(len(KINDS)):
        yield _ASK[KINDS[int(index)]](c, rng)


def draw(seed: int, split: str, index: int) -> tuple[Chart, np.random.Generator]:
    """Chart `index` of a split, and the generator that its questions are drawn from."""
    rng = generator("charts", seed, split, index)
    return chart(rng), rng


def _picture(seed: int, index: int) -> rendering.Picture:
    drawn, rng = draw(seed, "test", index)
    return drawn, questions(drawn, rng)


def short(seed: int = 0) -> Benchmark:
    """The test split with one-word answers: 1,500 samples on 750 pictures."""
    return rendering.made("charts", partial(_picture, seed), seed, lettered=False)


def lettered(seed: int = 0) -> Benchmark:
    """`charts` as multiple choice, 2 to 4 options."""
    return rendering.made("charts", partial(_picture, seed), seed, lettered=True)
