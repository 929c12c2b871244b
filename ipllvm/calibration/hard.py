"""Cells at the margin that are hard: few or unequal clusters, graded scores, several benchmarks, guards.

An independent audit found false verdicts of 7 to 22 % in these, by other generators than this project had.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

import numpy as np

from ipllvm.calibration.cells import ALPHA, Band
from ipllvm.calibration.distributions import Design, Flips
from ipllvm.calibration.fixed import MARGIN, claim, decided
from ipllvm.records import Contrast, Decision
from ipllvm.stats.choice import choose
from ipllvm.stats.multiplicity import holm
from ipllvm.stats.protocol import HypothesisTest
from ipllvm.stats.score_interval import ScoreTest
from ipllvm.stats.strata import combined
from ipllvm.verdicts.guard import conditions

FALSE = (Band(Decision.HOLDS.value, ALPHA), Band(Decision.VIOLATED.value, ALPHA))
"""At the margin any verdict is false."""


class Law(Protocol):
    """Contrasts of a known mean, in scores."""

    @property
    def truth(self) -> float:
        """The mean."""
        ...

    def contrast(self, design: Design, rng: np.random.Generator) -> Contrast:
        """One run's contrast."""
        ...


@dataclass(frozen=True, slots=True)
class AtTruth:
    """How often a verdict is given where the margin is the truth itself, among cells of one `kind`."""

    kind: str
    law: Law
    design: Design

    @property
    def name(self) -> str:
        """See Cell."""
        correlated = self.design.rho_c and not self.design.beta
        return f"{self.kind}: {self.law}; {self.design}" + f", rho {self.design.rho_c:g}" * bool(correlated)

    def once(self, rng: np.random.Generator) -> Mapping[str, float]:
        """See Cell."""
        return _false(choose(self.law.contrast(self.design, rng)), self.law.truth)

    def bands(self, rates: Mapping[str, float]) -> Sequence[Band]:
        """See Cell."""
        return FALSE


@dataclass(frozen=True, slots=True)
class PropertyGate:
    """A law: by how much a drop got worse between two runs, each with draws of its own, in [-2, 2]."""

    then: Law
    now: Law

    @property
    def truth(self) -> float:
        """The mean, in scores."""
        return self.now.truth - self.then.truth

    def contrast(self, design: Design, rng: np.random.Generator) -> Contrast:
        """One run's contrast."""
        now, then = (law.contrast(design, rng) for law in (self.now, self.then))
        return replace(now, values=np.round(now.values - then.values, 12), bound=2.0)

    def __str__(self) -> str:
        return f"{self.then} then, {self.now} now"


@dataclass(frozen=True, slots=True)
class Combined:
    """How often a verdict is given on the mean over benchmarks, each weighing the same, at its truth."""

    laws: tuple[Flips, ...]
    designs: tuple[Design, ...]

    @property
    def name(self) -> str:
        """See Cell."""
        parts = zip(self.laws, self.designs, strict=True)
        return "mean over benchmarks: " + ", ".join(f"({law}; {design})" for law, design in parts)

    def once(self, rng: np.random.Generator) -> Mapping[str, float]:
        """See Cell."""
        share = 1 / len(self.laws)
        parts = zip(self.laws, self.designs, strict=True)
        test = combined([(share, law.contrast(design, rng)) for law, design in parts])
        return _false(test, sum(law.truth for law in self.laws) * share)

    def bands(self, rates: Mapping[str, float]) -> Sequence[Band]:
        """See Cell."""
        return FALSE


@dataclass(frozen=True, slots=True)
class GuardFamily:
    """How often any of `count` claims stands where nothing drops and seeing is worth the margin exactly."""

    count: int
    design: Design

    @property
    def name(self) -> str:
        """See Cell."""
        return f"guard at its edge, {self.count} claims; {self.design}"

    def once(self, rng: np.random.Generator) -> Mapping[str, float]:
        """See Cell; a claim stands by Holm, or where all hold."""
        p = [self._p(rng) for _ in range(self.count)]
        return {"any_vacuous_HOLDS": min(holm(p)) <= ALPHA or max(p) <= ALPHA}

    def bands(self, rates: Mapping[str, float]) -> Sequence[Band]:
        """See Cell."""
        return [Band("any_vacuous_HOLDS", ALPHA)]

    def _p(self, rng: np.random.Generator) -> float:
        quiet = Flips(0.0).contrast(self.design, rng)
        gain = replace(Flips.of(MARGIN / 100, 0.20).contrast(self.design, rng), name="gain")
        needs = conditions(quiet, claim(), gain)
        return max(choose(quiet).p_holds(MARGIN / 100), *(each.p for each in needs))


@dataclass(frozen=True, slots=True)
class RandomDraws:
    """How often a verdict is given for draws like these, shared by all samples, at the truth.

    Of skewed strengths one in five costs 75 points more than the others; else they are normal.
    """

    draws: int
    skewed: bool
    samples: int = 300

    @property
    def name(self) -> str:
        """See Cell."""
        law = "one in five is strong" if self.skewed else "normal"
        return f"random draws, {law}; n={self.samples}, K={self.draws}"

    def once(self, rng: np.random.Generator) -> Mapping[str, float]:
        """See Cell."""
        strong = rng.random(self.draws) < 0.2
        chances = 0.05 + 0.75 * strong if self.skewed else np.clip(rng.normal(0.3, 0.1, self.draws), 0, 1)
        table = (rng.random((self.samples, self.draws)) < chances).astype(float)
        names = Design(self.samples).clusters
        contrast = Contrast("x", table.mean(1), names, lattice=0.0, draws=self.draws, crossed=table)
        return _false(choose(contrast), 0.2 if self.skewed else 0.3)

    def bands(self, rates: Mapping[str, float]) -> Sequence[Band]:
        """See Cell."""
        return FALSE


@dataclass(frozen=True, slots=True)
class Monotone:
    """How often one more loss, in a cluster that had none, lowers the p-value of HOLDS; it must never.

    Nor may any number of losses lower it below that of none, nor with signs turned lower that of VIOLATED.
    Each run draws its clusters and gains.
    """

    size: int

    @property
    def name(self) -> str:
        """See Cell."""
        return f"monotone: clusters of {self.size}"

    def once(self, rng: np.random.Generator) -> Mapping[str, float]:
        """See Cell; a thousandth of the p-value is what the saddlepoint may be off by."""
        groups = int(rng.integers(60, 240))
        gains, margin = int(rng.integers(0, 4)), float(rng.choice([0.01, 0.02, 0.05]))
        tests = [self._test(groups, losses, gains) for losses in range(8)]
        p = [each.p_holds(margin) for each, _ in tests]
        turned = [each.p_violated(-margin) for _, each in tests]
        lowered, turned_too = (
            any(after < before * (1 - 1e-3) for before, after in pairwise(found)) for found in (p, turned)
        )
        below = any(min(found) < found[0] * (1 - 1e-3) for found in (p, turned))
        return {"lowered": lowered, "below_none": below, "turned": turned_too}

    def bands(self, rates: Mapping[str, float]) -> Sequence[Band]:
        """See Cell."""
        return [Band(name, 0.0, drawn=False) for name in ("lowered", "below_none", "turned")]

    def _test(self, groups: int, losses: int, gains: int) -> tuple[ScoreTest, ScoreTest]:
        design, values = Design(groups * self.size, self.size), np.zeros(groups * self.size)
        values[: losses * self.size : self.size] = 1
        values[(groups - gains) * self.size :: self.size] = -1
        run, turned = (Contrast("drop", sign * values, design.clusters) for sign in (1, -1))
        return ScoreTest.of(run), ScoreTest.of(turned)


@dataclass(frozen=True, slots=True)
class Decides:
    """How often the right verdict is given on "at most 2 points", where the law is that far inside or out."""

    kind: str
    law: Law
    design: Design

    @property
    def name(self) -> str:
        """See Cell."""
        return f"decides {self.kind}: {self.law}; {self.design}"

    def once(self, rng: np.random.Generator) -> Mapping[str, float]:
        """See Cell."""
        found = _false(choose(self.law.contrast(self.design, rng)), MARGIN / 100)
        right, wrong = (Decision.HOLDS, Decision.VIOLATED)[:: 1 if self.law.truth <= MARGIN / 100 else -1]
        return {"right": found[right.value], "wrong": found[wrong.value]}

    def bands(self, rates: Mapping[str, float]) -> Sequence[Band]:
        """See Cell; how often it decides is told, and no band."""
        return [Band("wrong", ALPHA)]


def _false(test: HypothesisTest, truth: float) -> dict[str, float]:
    holds, violated = decided(test, truth)
    return {Decision.HOLDS.value: holds, Decision.VIOLATED.value: violated}
