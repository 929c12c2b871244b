"""A property test on answers that are made by a rule: the truth is planted, no model is asked."""

from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from ipllvm import claims
from ipllvm.evaluation.shown import Shown
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Benchmark, Contrast, Perturbation, Sample, Scores, Verdict
from ipllvm.scorers.base import Grading
from ipllvm.verdicts import decide

Rule = Callable[[Sample, str], str]
"""The answer to a sample under the perturbation of that printed form."""


class RuledEvaluation:
    """As much of an evaluation as a property test asks; keeps what it was given to show."""

    def __init__(self, benchmark: Benchmark, rule: Rule) -> None:
        self.benchmark = benchmark
        self.verdicts: dict[str, Verdict] = {}
        self.display: dict[str, Shown] = {}
        self.values: dict[str, float] = {}
        self.model = SimpleNamespace(name="ruled", prepare=lambda images, prompt: None)
        self._rule = rule

    def run(self, *perturbations: Perturbation, draws: int | None = None) -> tuple[Scores, ...]:
        """The clean scores and those under each perturbation."""
        return tuple(self._scores(self.benchmark, str(each)) for each in (Clean(), *perturbations))

    def elsewhere(self, data: Benchmark) -> Scores:
        """The scores on other data."""
        return self._scores(data, "clean")

    def check(
        self, claim: str, contrast: Contrast, display: Shown, something_to_lose: Contrast | None = None
    ) -> Verdict:
        """Decide the claim, as the real one does."""
        self.display[claim], self.values[claim] = display, 100 * float(np.mean(contrast.values))
        self.verdicts[claim] = decide.decide(contrast, claims.load()[claim], something_to_lose)
        return self.verdicts[claim]

    def _scores(self, data: Benchmark, name: str) -> Scores:
        score = Grading().of(data)
        graded = [score(self._rule(sample, name), sample) for sample in data.samples]
        ids, clusters = tuple(s.id for s in data.samples), tuple(s.cluster for s in data.samples)
        values = np.array([[each.value] for each in graded])
        return Scores(name, ids, clusters, values, answers=tuple((each.answer,) for each in graded))


def checked(name: str, benchmark: Benchmark, rule: Rule) -> RuledEvaluation:
    """The shipped property of that name on answers by a rule."""
    evaluation: Any = RuledEvaluation(benchmark, rule)
    getattr(import_module(f"properties.test_{name}"), f"test_{name}")(evaluation)
    made: RuledEvaluation = evaluation
    return made


class Square:
    """A picture of one grey: its number says which."""

    def __init__(self, number: int) -> None:
        self.number = number

    def load(self) -> Image.Image:
        """The picture."""
        return Image.new("RGB", (8, 8), (self.number % 256,) * 3)
