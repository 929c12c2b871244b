"""`easyvqa`: the images and questions that the PyPI package easy-vqa ships.

Test split: 1,000 images (64 x 64 px), 9,673 questions; third-party and real. Source: V. Zhou,
easy-VQA, https://github.com/vzhou842/easy-VQA (MIT licence).
"""

import json
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ipllvm.benchmarks import rendering
from ipllvm.benchmarks.images import FileImage
from ipllvm.benchmarks.palette import COLORS
from ipllvm.benchmarks.questions import YES_NO, Question
from ipllvm.errors import BenchmarkUnavailable
from ipllvm.records import Benchmark, Sample

SHAPES = ("circle", "rectangle", "triangle")
SOURCE = "PyPI package easy-vqa, test split"


@cache
def folder() -> Path:
    """Where the installed package keeps its data, found without importing it."""
    spec = find_spec("easy_vqa")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("easy_vqa")
    return Path(spec.submodule_search_locations[0]) / "data"


@cache
def by_image(split: str) -> dict[int, list[tuple[str, str]]]:
    """(question, answer) rows of each image of "train" or "test"."""
    rows: dict[int, list[tuple[str, str]]] = {}
    for text, answer, image in json.loads((folder() / split / "questions.json").read_text()):
        rows.setdefault(image, []).append((text, answer))
    return rows


def image(split: str, image_id: int) -> FileImage:
    """The image of that number."""
    return FileImage(str(folder() / split / "images" / f"{image_id}.png"))


def kind_of(answer: str) -> str:
    """The question's kind, which its answer tells: existence, color or shape."""
    if answer in YES_NO:
        return "existence"
    return "color" if answer in COLORS else "shape"


def as_question(text: str, answer: str) -> Question:
    """A row as a Question with the answers it could have had."""
    kind = kind_of(answer)
    candidates = {"existence": YES_NO, "color": tuple(COLORS), "shape": SHAPES}[kind]
    return Question(kind, text, answer, candidates)


def caption(rows: list[tuple[str, str]]) -> str:
    """A caption of an image, put together from what its questions and answers give away.

    >>> caption([("is there not a teal shape?", "no"), ("what shape is present?", "circle")])
    'a teal circle.'
    """
    known = {word for text, answer in rows for word in _given(text, answer)}
    color = next((c for c in COLORS if c in known), "colored")
    return f"a {color} {next((s for s in SHAPES if s in known), 'shape')}."


def _given(text: str, answer: str) -> list[str]:
    if answer not in YES_NO:
        return [answer, *_words(text)]
    negated = " not " in text or " no " in text
    return _words(text) if (answer == "yes") != negated else []


def _words(text: str) -> list[str]:
    return [w for w in text.rstrip("?").split() if w in COLORS or w in SHAPES]


def short(seed: int = 0) -> Benchmark:
    """The test split with one-word answers, 9,673 samples; nothing is random.

    Raises BenchmarkUnavailable where the package easy-vqa is not installed.
    """
    return _benchmark(lettered=False)


def lettered(seed: int = 0) -> Benchmark:
    """`easyvqa` as multiple choice, 2 to 4 options."""
    return _benchmark(lettered=True)


def _benchmark(lettered: bool) -> Benchmark:
    try:
        home, rows = folder() / "test", by_image("test")
    except ModuleNotFoundError as error:
        line = "benchmark 'easyvqa' needs the package easy-vqa: pip install easy-vqa"
        raise BenchmarkUnavailable(line) from error
    except (OSError, ValueError) as error:
        line = "benchmark 'easyvqa': the package easy-vqa is damaged: pip install --force-reinstall easy-vqa"
        raise BenchmarkUnavailable(line) from error
    files = (FileImage(str(path)).digest() for path in sorted((home / "images").iterdir()))
    parts = ((home / "questions.json").read_bytes(), *files)
    return rendering.benchmark("easyvqa", _samples(rows, lettered), lettered, SOURCE, *parts)


def _samples(rows: dict[int, list[tuple[str, str]]], lettered: bool) -> Iterator[Sample]:
    for image_id, asked in sorted(rows.items()):
        cluster, picture = f"easyvqa-{image_id}", image("test", image_id)
        for k, (text, answer) in enumerate(asked):
            question = as_question(text, answer)
            yield rendering.sample(f"{cluster}-{k}", cluster, picture, question, lettered)
