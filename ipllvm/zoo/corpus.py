"""Training examples: pictures with captions and questions, and small arithmetic.

Everything is a pure function of (seed, split, index); the held-out split of every benchmark is
another split name, so that no training picture is ever a test picture.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from ipllvm.benchmarks import charts, easyvqa, formats, objects, prompts, scenes
from ipllvm.benchmarks.questions import Question
from ipllvm.sampling import choose, generator

CAPTION_PROMPT = "Please generate a caption of this image."
_NAMES = ("Tom", "Ann", "Sam", "Mia", "Ben", "Eva")
_THINGS = ("apples", "books", "coins", "cards", "shells", "stamps")


@dataclass(frozen=True, slots=True)
class CorpusPicture:
    """An image with its caption and the questions that can be asked about it."""

    load: Callable[[], Image.Image]
    caption: str
    questions: tuple[Question, ...]


def picture(source: str, seed: int, index: int, shape: str = formats.SQUARE) -> CorpusPicture:
    """Training picture `index` of a source: scenes, charts, objects or easyvqa, in a shape."""
    if source == "easyvqa":
        return _framed(_easyvqa(index), shape, index)
    if source == "objects":
        scene, _ = objects.draw(seed, "train", index)
        drawn = formats.spread(scene, shape)
        return CorpusPicture(drawn.load, f"a {scene.items[0].name}.", (objects.question(scene),))
    if source == "charts":
        chart, rng = charts.draw(seed, "train", index)
        asked = CorpusPicture(chart.load, chart.caption(), tuple(charts.questions(chart, rng)))
        return _framed(asked, shape, index)
    scene, rng = scenes.draw(seed, "train", index)
    drawn = formats.spread(scene, shape)
    return CorpusPicture(drawn.load, scene.caption(), tuple(scenes.questions(scene, rng)))


def _framed(item: CorpusPicture, shape: str, index: int) -> CorpusPicture:
    place = float(generator("frame", "train", index).random())
    return replace(item, load=lambda: formats.frame(item.load(), shape, place))


def _easyvqa(index: int) -> CorpusPicture:
    rows = easyvqa.by_image("train")
    ids = sorted(rows)
    image_id = ids[index % len(ids)]
    asked = tuple(easyvqa.as_question(text, answer) for text, answer in rows[image_id])
    return CorpusPicture(easyvqa.image("train", image_id).load, easyvqa.caption(rows[image_id]), asked)


def render(question: Question, rng: np.random.Generator, lettered: float) -> tuple[str, str]:
    """(prompt, answer), as multiple choice with probability `lettered`, else as a short answer."""
    if rng.random() >= lettered:
        return prompts.short_answer(question.text), question.answer
    options = question.options(rng)
    letter = prompts.LETTERS[options.index(question.answer)]
    return prompts.multiple_choice(question.text, options), letter


def word_problem(rng: np.random.Generator) -> tuple[str, str]:
    """A one-step addition or subtraction in words: (question, worked answer), numbers to 20."""
    name, thing = choose(rng, _NAMES), choose(rng, _THINGS)
    a, b = (int(v) for v in rng.integers(1, 11, 2))
    if rng.integers(2):
        text = f"{name} has {a} {thing} and gets {b} more. How many {thing} does {name} have?"
        return text, f"{a} + {b} = {a + b}. The answer is {a + b}."
    text = f"{name} has {a + b} {thing} and loses {b}. How many {thing} does {name} have?"
    return text, f"{a + b} - {b} = {a}. The answer is {a}."


def two_shot(rng: np.random.Generator) -> tuple[str, str]:
    """(prompt, worked answer) of a word problem after two solved ones."""
    shots = [word_problem(rng) for _ in range(3)]
    solved = "".join(f"Q: {q}\nA: {a}\n\n" for q, a in shots[:2])
    return f"{solved}Q: {shots[2][0]}\nA:", f" {shots[2][1]}"


def text(seed: int, index: int) -> str:
    """Document `index` of the language model's corpus: captions, questions, arithmetic."""
    rng = generator("text", seed, index)
    kind = index % 4
    if kind == 0:
        prompt, answer = two_shot(rng)
        return prompt + answer
    item = picture(choose(rng, ("scenes", "charts", "objects", "easyvqa")), seed, index)
    if kind == 1:
        return item.caption
    question = choose(rng, item.questions)
    prompt, answer = render(question, rng, 0.3)
    return f"{item.caption}\n{prompt} {answer}" if kind == 2 else f"{prompt} {answer}"
