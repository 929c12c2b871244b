"""`planted`: pictures that carry their own answer in every cell, for planted models.

What a picture shows is chosen at random among four signs; each of its 64 cells names the sample,
its cluster, the answer and its own place (ipllvm/planted_grid.py), so that a model that can read cells
knows what was done to its input. Nothing else can be learned from a picture.
"""

from dataclasses import dataclass, replace

from PIL import Image

from ipllvm import planted_grid
from ipllvm.benchmarks.prompts import LETTERS, multiple_choice
from ipllvm.benchmarks.rendering import DRAWN, digest
from ipllvm.planted_grid import ALIKE
from ipllvm.records import Benchmark, Sample
from ipllvm.sampling import generator

SIGNS = ("circle", "square", "star", "cross")
SAMPLES = 1500
CAPTIONS = 30 * ALIKE
MAX_NEW_TOKENS = 4
VERSION = 1
_APART = 1 << 16  # numbers between the first samples of two seeds
Options = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Planted:
    """A planted picture: an image as a value, drawn when asked for."""

    number: int
    cluster: int
    answer: int

    def load(self) -> Image.Image:
        """The picture, RGB, 64 x 64 px."""
        return Image.fromarray(planted_grid.picture(self.number, self.cluster, self.answer))


def benchmark(name: str, cluster: int, seed: int) -> Benchmark:
    """1,500 samples in clusters of `cluster`, as multiple choice; another seed draws other samples."""
    first = seed * _APART % planted_grid.NUMBERS
    samples = tuple(_signed(first + i, first + i - i % cluster) for i in range(SAMPLES))
    return _benchmark(name, samples, cluster, seed)


def _benchmark(name: str, samples: tuple[Sample, ...], cluster: int, seed: int) -> Benchmark:
    pixels = [sample.images[0].load().tobytes() for sample in samples[:DRAWN]]
    header = repr((len(samples), cluster, seed, VERSION)).encode()
    source = f"made by ipllvm (generator version {VERSION}, seed {seed}, clusters of {cluster})"
    return Benchmark(
        name, samples, "multiple_choice", digest(samples, header, *pixels), source, MAX_NEW_TOKENS
    )


def _signed(number: int, cluster: int) -> Sample:
    question = f"Which sign does picture {number:010d} show?"
    return _sample("planted", number, cluster, question, SIGNS, "sign")


def _captioned(number: int, first: int) -> Sample:
    """The right caption at the place of the answer, among those of three other groups."""
    others = [first + (number - first + apart * ALIKE) % CAPTIONS for apart in (1, 2, 3)]
    others.insert(_answer(number), number)
    options = tuple(f"picture {other:010d}" for other in others)
    return _sample("captions", number, number - number % ALIKE, "Which caption fits?", options, "caption")


def _sample(name: str, number: int, cluster: int, question: str, options: Options, kind: str) -> Sample:
    answer = _answer(number)
    ids = f"{name}-{number:010d}", f"{name}-{cluster:010d}"
    images, prompt = (Planted(number, cluster, answer),), multiple_choice(question, options)
    return Sample(*ids, images, prompt, LETTERS[answer], options, kind)


def _answer(number: int) -> int:
    """The place of the right option of four."""
    return int(generator("planted", number).integers(len(SIGNS)))


def single(seed: int = 0) -> Benchmark:
    """1,500 samples, each a cluster of its own."""
    return benchmark("planted", 1, seed)


def pairs(seed: int = 0) -> Benchmark:
    """`planted` in clusters of 2 samples."""
    return benchmark("planted-2", 2, seed)


def tens(seed: int = 0) -> Benchmark:
    """`planted` in clusters of 10 samples."""
    return benchmark("planted-10", 10, seed)


def giant(seed: int = 0) -> Benchmark:
    """One cluster of 750 samples among 750 single ones."""
    first = seed * _APART % planted_grid.NUMBERS
    samples = tuple(_signed(first + i, first if i < SAMPLES // 2 else first + i) for i in range(SAMPLES))
    return _benchmark("planted-giant", samples, SAMPLES // 2, seed)


def graded(seed: int = 0) -> Benchmark:
    """`planted` in clusters of 10 with partial credit for an option beside the right one."""
    return replace(benchmark("planted-graded", 10, seed), scorer="nearby_choice")


def captions(seed: int = 0) -> Benchmark:
    """Groups of 11 alike pictures with captions that name them; the alignment set of planted:aligned."""
    first = seed * _APART % planted_grid.NUMBERS // ALIKE * ALIKE
    samples = tuple(_captioned(first + i, first) for i in range(CAPTIONS))
    return _benchmark("planted-captions", samples, ALIKE, seed)
