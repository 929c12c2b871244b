"""`planted`: pictures that carry their own answer in every cell, for planted models.

What a picture shows is chosen at random among four signs; each of its 64 cells names the sample,
its cluster, the answer and its own place (ipllvm/planting.py), so that a model that can read cells
knows what was done to its input. Nothing else can be learned from a picture.
"""

from dataclasses import dataclass

from PIL import Image

from ipllvm import planting
from ipllvm.benchmarks.prompts import LETTERS, multiple_choice
from ipllvm.benchmarks.rendering import DRAWN, digest
from ipllvm.records import Benchmark, Sample
from ipllvm.sampling import generator

SIGNS = ("circle", "square", "star", "cross")
SAMPLES = 1500
MAX_NEW_TOKENS = 4
VERSION = 1
_APART = 1 << 16  # numbers between the first samples of two seeds


@dataclass(frozen=True, slots=True)
class Planted:
    """A planted picture: an image as a value, drawn when asked for."""

    number: int
    cluster: int
    answer: int

    def load(self) -> Image.Image:
        """The picture, RGB, 64 x 64 px."""
        return Image.fromarray(planting.picture(self.number, self.cluster, self.answer))


def benchmark(name: str, cluster: int, seed: int) -> Benchmark:
    """1,500 samples in clusters of `cluster`, as multiple choice; another seed draws other samples."""
    first = seed * _APART % planting.NUMBERS
    samples = tuple(_sample(first + i, first + i - i % cluster) for i in range(SAMPLES))
    pixels = [sample.images[0].load().tobytes() for sample in samples[:DRAWN]]
    header = repr((SAMPLES, cluster, seed, VERSION)).encode()
    source = f"made by ipllvm (generator version {VERSION}, seed {seed}, clusters of {cluster})"
    return Benchmark(
        name, samples, "multiple_choice", digest(samples, header, *pixels), source, MAX_NEW_TOKENS
    )


def _sample(number: int, cluster: int) -> Sample:
    answer = int(generator("planted", number).integers(len(SIGNS)))
    prompt = multiple_choice(f"Which sign does picture {number:010d} show?", SIGNS)
    ids = f"planted-{number:010d}", f"planted-{cluster:010d}"
    return Sample(*ids, (Planted(number, cluster, answer),), prompt, LETTERS[answer], SIGNS, "sign")


def single(seed: int = 0) -> Benchmark:
    """1,500 samples, each a cluster of its own."""
    return benchmark("planted", 1, seed)


def pairs(seed: int = 0) -> Benchmark:
    """`planted` in clusters of 2 samples."""
    return benchmark("planted-2", 2, seed)


def tens(seed: int = 0) -> Benchmark:
    """`planted` in clusters of 10 samples."""
    return benchmark("planted-10", 10, seed)
