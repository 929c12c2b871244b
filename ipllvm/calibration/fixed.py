"""Cells of fixed-n runs: bounds, verdicts at the margin, power, and families of claims."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np

from ipllvm import claims
from ipllvm.calibration.cells import ALPHA, POWER, Band
from ipllvm.calibration.distributions import Design, Flips, Retention
from ipllvm.records import Claim, Contrast, Decision
from ipllvm.stats.betting import BettingTest
from ipllvm.stats.choice import choose, turned
from ipllvm.stats.clusters import cluster_sums
from ipllvm.stats.missing import WorstCase
from ipllvm.stats.multiplicity import families
from ipllvm.stats.protocol import HypothesisTest
from ipllvm.stats.score_interval import ScoreTest
from ipllvm.verdicts import decide

MARGIN = 2.0
_ENOUGH_CLUSTERS, _ENOUGH_CHANGED = 100, 60
_FEW_CLUSTERS = 5


@cache
def claim(margin: float = MARGIN, direction: str = "at_most") -> Claim:
    """The permutation claim with another margin, in points."""
    return replace(claims.load()["permutation"], margin=margin, direction=direction)


def decision(contrast: Contrast, asked: Claim) -> Decision:
    """As ipllvm/verdicts/decide.py decides, by the same p-values, without the interval that takes longer."""
    holds, violated = decided(
        choose(turned(contrast, asked.sign), asked.exact), asked.signed_margin, asked.alpha
    )
    return Decision.HOLDS if holds else Decision.VIOLATED if violated else Decision.UNDECIDED


def decided(test: HypothesisTest, margin: float, alpha: float = ALPHA) -> tuple[bool, bool]:
    """Whether the p-values of HOLDS and of VIOLATED are at most `alpha`."""
    highest, lowest = (test.highest, test.lowest) if isinstance(test, WorstCase) else (test, test)
    return (
        highest.holds(margin, alpha) if isinstance(highest, ScoreTest) else highest.p_holds(margin) <= alpha,
        lowest.violated(margin, alpha)
        if isinstance(lowest, ScoreTest)
        else lowest.p_violated(margin) <= alpha,
    )


@dataclass(frozen=True, slots=True)
class Bounds:
    """How often each bound of the interval misses the truth, 5 % a side.

    A bound misses where its p-value at the truth is at most alpha: bounds and p-values come from one test.
    """

    law: Flips | Retention
    design: Design

    @property
    def name(self) -> str:
        """See Cell."""
        return f"bounds: {self.law}; {self.design}"

    def once(self, rng: np.random.Generator) -> Mapping[str, float]:
        """See Cell; `low` and `high` as in statistics.md 7.1, `changed` counts clusters with a change."""
        contrast = self.law.contrast(self.design, rng)
        test, truth = choose(contrast), self.law.truth
        low, high = decided(test, truth)
        changed = np.count_nonzero(cluster_sums(replace(contrast, values=np.abs(contrast.values)))[0])
        by_betting = isinstance(test, BettingTest)
        return {
            "miss_low": low,
            "miss_high": high,
            "covered": not (low or high),
            "betting": by_betting,
            "changed": float(changed),
        }

    def bands(self, rates: Mapping[str, float]) -> Sequence[Band]:
        """See Cell; too wide an interval of a drop is a fault only where many clusters changed."""
        bands = [Band("miss_low", ALPHA), Band("miss_high", ALPHA)]
        clusters, drop = len(set(self.design.clusters)), isinstance(self.law, Flips)
        if drop and clusters >= _ENOUGH_CLUSTERS and rates["changed"] >= _ENOUGH_CHANGED:
            bands.append(Band("covered", 0.94, drawn=False))
        return bands


@dataclass(frozen=True, slots=True)
class AtMargin:
    """How often a verdict is given where the truth is the margin itself: any is false."""

    law: Flips | Retention
    design: Design
    direction: str = "at_most"

    @property
    def name(self) -> str:
        """See Cell."""
        return f"at the margin, {self.direction.replace('_', ' ')}: {self.law}; {self.design}"

    def once(self, rng: np.random.Generator) -> Mapping[str, float]:
        """See Cell."""
        contrast, sign = self.law.contrast(self.design, rng), 1.0
        if self.direction == "at_least":
            contrast, sign = turned(contrast, -1.0), -1.0
        found = decision(contrast, claim(100 * sign * self.law.truth, self.direction))
        return {each.value: found is each for each in Decision}

    def bands(self, rates: Mapping[str, float]) -> Sequence[Band]:
        """See Cell."""
        bands = [Band("HOLDS", ALPHA), Band("VIOLATED", ALPHA)]
        if len(set(self.design.clusters)) <= _FEW_CLUSTERS:
            bands.append(Band("UNDECIDED", 0.90, at_most=False, drawn=False))
        return bands


@dataclass(frozen=True)
class Power:
    """How often the right verdict is given at the printed minimum detectable effect from the margin."""

    design: Design
    side: int

    @property
    def name(self) -> str:
        """See Cell."""
        return (
            f"power: {'VIOLATED' if self.side > 0 else 'HOLDS'} at {self.law.truth * 100:.2f}; {self.design}"
        )

    @cached_property
    def law(self) -> Flips:
        """As planned: a tenth of the scores change, at the effect's distance from the margin."""
        planned = Contrast(
            "drop",
            np.zeros(self.design.n),
            self.design.clusters,
            lattice=1 / self.design.draws,
            draws=self.design.draws,
        )
        found = decide.planned_effects(planned, claim())
        assert found is not None, "there are samples"
        effect = found.violated if self.side > 0 else found.holds
        return Flips.of(MARGIN / 100 + self.side * effect, claim().planned_discordance)

    def once(self, rng: np.random.Generator) -> Mapping[str, float]:
        """See Cell."""
        found = decision(self.law.contrast(self.design, rng), claim())
        right = Decision.VIOLATED if self.side > 0 else Decision.HOLDS
        return {"right": found is right, "wrong": found not in (right, Decision.UNDECIDED)}

    def bands(self, rates: Mapping[str, float]) -> Sequence[Band]:
        """See Cell."""
        return [Band("right", POWER, at_most=False), Band("wrong", ALPHA)]


@dataclass(frozen=True, slots=True)
class TenClaims:
    """How often any of ten claims gets a false verdict after Holm's correction.

    `drops` are the truths in points, those at the margin of 2 being false either way; with `shared` the
    luck of half of the samples is the same for all claims.
    """

    drops: tuple[float, ...]
    shared: bool
    design: Design

    @property
    def name(self) -> str:
        """See Cell."""
        at = self.drops.count(MARGIN)
        return f"family of {len(self.drops)}, {at} at the margin{', dependent' * self.shared}; {self.design}"

    def once(self, rng: np.random.Generator) -> Mapping[str, float]:
        """See Cell."""
        common, whose = self.design.luck(rng), rng.random((self.design.n, 1)) < 0.5 * self.shared
        tests = [
            choose(
                Flips.of(drop / 100, 0.10).under(self.design, np.where(whose, common, self.design.luck(rng)))
            )
            for drop in self.drops
        ]
        margin = MARGIN / 100
        adjusted = families([t.p_holds(margin) for t in tests], [t.p_violated(margin) for t in tests])
        holds = [p <= ALPHA for p, drop in zip(adjusted.holds, self.drops, strict=True) if drop >= MARGIN]
        violated = [
            p <= ALPHA for p, drop in zip(adjusted.violated, self.drops, strict=True) if drop <= MARGIN
        ]
        return {"any_false_HOLDS": any(holds), "any_false_VIOLATED": any(violated)}

    def bands(self, rates: Mapping[str, float]) -> Sequence[Band]:
        """See Cell."""
        return [Band("any_false_HOLDS", ALPHA), Band("any_false_VIOLATED", ALPHA)]
