"""`objects`: one coloured shape anywhere in the picture, 48 classes; the classification set."""

from dataclasses import replace
from functools import partial

import numpy as np

from ipllvm.benchmarks import rendering
from ipllvm.benchmarks.palette import COLORS, SIZE, background
from ipllvm.benchmarks.questions import Question
from ipllvm.benchmarks.scenes import SHAPES, Item, Scene
from ipllvm.records import Benchmark
from ipllvm.sampling import choose, generator

CLASSES = tuple(f"{color} {shape}" for color in COLORS for shape in SHAPES)
QUESTION = "What is the object in the image?"
MAX_NEW_TOKENS = 32  # an answer is free: a sentence fits


def draw(seed: int, split: str, index: int) -> tuple[Scene, np.random.Generator]:
    """Picture `index` of a split: class, radius (9..30 px) and place are uniform."""
    rng = generator("objects", seed, split, index)
    color, shape = choose(rng, CLASSES).split()
    radius = int(rng.integers(9, 31))
    x, y = (int(v) for v in rng.integers(radius, SIZE - radius, 2))
    item = Item(color, shape, 3 * y // SIZE, 3 * x // SIZE, x, y, radius)
    return Scene((item,), background(rng), shape, 1), rng


def question(scene: Scene) -> Question:
    """Name colour and shape."""
    return Question("class", QUESTION, scene.items[0].name, CLASSES)


def _picture(seed: int, index: int) -> rendering.Picture:
    drawn, _ = draw(seed, "test", index)
    return drawn, iter((question(drawn),))


def load(seed: int = 0) -> Benchmark:
    """The test split: 750 pictures, each to be named in a free answer; a label is read out of it."""
    asked = rendering.made("objects", partial(_picture, seed), seed, lettered=False)
    return replace(asked, scorer="label", judged="judge", max_new_tokens=MAX_NEW_TOKENS)
