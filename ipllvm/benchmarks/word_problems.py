"""`word_problems`: one-step arithmetic in words after two solved examples, without a picture.

The small relative of `gsm8k` for models of small context. Every prompt is fixed by (seed, index) and
drawn from a split of its own; of single problems there are no more than 7,200, so that a model which
trained on such problems has met their like.
"""

from dataclasses import dataclass

import numpy as np

from ipllvm.benchmarks.rendering import digest
from ipllvm.records import Benchmark, Sample
from ipllvm.sampling import choose, generator

NAMES = ("Tom", "Ann", "Sam", "Mia", "Ben", "Eva")
THINGS = ("apples", "books", "coins", "cards", "shells", "stamps")
MOST = 10  # of what is added or taken away
SAMPLES = 1000
SHOTS = 2
MAX_NEW_TOKENS = 24
VERSION = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """A word problem, how it is solved, and the result."""

    kind: str
    question: str
    solution: str
    result: int

    @property
    def worked(self) -> str:
        """The solution, then the result in the words that a scorer looks for."""
        return f"{self.solution} The answer is {self.result}."


def problem(rng: np.random.Generator) -> Problem:
    """An addition or a subtraction with numbers up to 20."""
    name, thing = choose(rng, NAMES), choose(rng, THINGS)
    a, b = (int(number) for number in rng.integers(1, MOST + 1, 2))
    ask = f"How many {thing} does {name} have?"
    if rng.integers(2):
        return Problem(
            "addition", f"{name} has {a} {thing} and gets {b} more. {ask}", f"{a} + {b} = {a + b}.", a + b
        )
    return Problem(
        "subtraction", f"{name} has {a + b} {thing} and loses {b}. {ask}", f"{a + b} - {b} = {a}.", a
    )


def few_shot(question: str, solved: "list[tuple[str, str]]") -> str:
    r"""The question after solved ones, up to where its answer begins.

    >>> few_shot("1 + 1?", [("2 + 2?", "The answer is 4.")])
    'Q: 2 + 2?\nA: The answer is 4.\n\nQ: 1 + 1?\nA:'
    """
    shots = "".join(f"Q: {asked}\nA: {worked}\n\n" for asked, worked in solved)
    return f"{shots}Q: {question}\nA:"


def benchmark(seed: int = 0) -> Benchmark:
    """1,000 two-shot problems; another seed draws others."""
    samples = tuple(_sample(seed, index) for index in range(SAMPLES))
    header = repr((seed, SAMPLES, SHOTS, VERSION)).encode()
    source = f"made by ipllvm (generator version {VERSION}, seed {seed}, split test)"
    return Benchmark("word_problems", samples, "numeric", digest(samples, header), source, MAX_NEW_TOKENS)


def _sample(seed: int, index: int) -> Sample:
    rng = generator("word problems", seed, "test", index)
    *shots, asked = (problem(rng) for _ in range(SHOTS + 1))
    prompt = few_shot(asked.question, [(shot.question, shot.worked) for shot in shots])
    name = f"word-problem-{index:04d}"
    return Sample(name, name, (), prompt, str(asked.result), kind=asked.kind)
