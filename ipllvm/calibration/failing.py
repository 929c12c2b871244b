"""Laws of answers that fail because of what they are, as where they lost: the worst that failures can be.

Of what failed the true value is the far end of what is known of it, so that a bound which puts it there is
at the truth. How many fail is chance, as how many lose is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ipllvm import claims
from ipllvm.calibration.distributions import Design
from ipllvm.calibration.ratios import CLAIMED, KNOWN, SAME
from ipllvm.gate.baseline import CLEAN, BaselineEntry, clean_claim, difference
from ipllvm.metrics.performance_drop import performance_drop, score
from ipllvm.metrics.retention import retention
from ipllvm.records import Claim, ClaimKey, Contrast, Scores
from ipllvm.stats.choice import turned
from ipllvm.verdicts import ratio_change

Who = Literal["lost", "won", "any"]
_RIGHT = 0.7


@dataclass(frozen=True, slots=True)
class FailingDrop:
    """A drop: a share `fails` of the answers under the perturbation that lost, won, or of any, failed.

    What is `graded` loses or wins 0.8, and a tenth of the others 0.1.
    """

    lost: float
    won: float
    fails: float
    who: Who = "lost"
    graded: bool = False

    @property
    def truth(self) -> float:
        """The mean over all planned samples, in scores."""
        net, others = self.lost - self.won, 1 - self.lost - self.won
        return 0.8 * net + 0.01 * others if self.graded else net

    def contrast(self, design: Design, rng: np.random.Generator) -> Contrast:
        """One run's contrast."""
        lost, won = _ends(design.luck(rng)[:, 0], self.lost, self.won)
        clean, perturbed = answers(lost, won, rng, self.graded)
        perturbed[_failed(self.who, lost, won) & (rng.random(design.n) < self.fails)] = np.nan
        return performance_drop(_scores("clean", clean, design), _scores("drop", perturbed, design))

    def __str__(self) -> str:
        graded = ", graded" if self.graded else ""
        lost = f"lost {100 * self.lost:g} %, won {100 * self.won:g} %{graded}"
        return f"{lost}, {100 * self.fails:g} % of {_WORDS[self.who]} fail"


@dataclass(frozen=True, slots=True)
class FailingGate:
    """By how much a score, or a drop, got worse, of which answers fail in the `new` run or in the old one."""

    lost: float
    won: float
    fails: float
    who: Who = "lost"
    new: bool = True
    drop: bool = False

    @property
    def truth(self) -> float:
        """The mean over all planned samples, in scores."""
        return self.lost - self.won

    def contrast(self, design: Design, rng: np.random.Generator) -> Contrast:
        """One run's contrast with the baseline."""
        lost, won = _ends(design.luck(rng)[:, 0], self.lost, self.won)
        runs = list(answers(lost, won, rng))
        failed = _failed(self.who, lost, won) & (rng.random(design.n) < self.fails)
        runs[self.new] = np.where(failed, np.nan, runs[self.new])
        claim = claims.load()["permutation"] if self.drop else clean_claim(2.0)
        parts = [_scores("run", each, design) for each in runs]
        clean = _scores("clean", np.ones(design.n), design)
        contrasts = [performance_drop(clean, each) if self.drop else score(each) for each in parts]
        old, new = (_entry(claim, each) for each in contrasts)
        return difference(old, new)

    def __str__(self) -> str:
        what, run = ("drop" if self.drop else "score"), ("new" if self.new else "old")
        lost = f"lost {100 * self.lost:g} %, won {100 * self.won:g} %"
        return f"gate of a {what}, {lost}, {100 * self.fails:g} % of {_WORDS[self.who]} fail in the {run} run"


@dataclass(frozen=True, slots=True)
class FailingRetention:
    """A claim that a ratio is at least `share`, which it is; the model fails on a share of its mistakes.

    The denominator is right on 95 %.
    """

    share: float
    fails: float

    @property
    def truth(self) -> float:
        """The claim is at its margin."""
        return 0.0

    def contrast(self, design: Design, rng: np.random.Generator) -> Contrast:
        """One run's contrast, turned as the claim asks."""
        encoder, luck = (rng.random(design.n) < KNOWN).astype(float), design.luck(rng)[:, 0]
        llvm = encoder * (luck < self.share)
        llvm[(llvm == 0) & (rng.random(design.n) < self.fails)] = np.nan
        claimed = retention(_scores("llvm", llvm, design), _scores("encoder", encoder, design), self.share)
        return turned(claimed, -1.0)

    def __str__(self) -> str:
        return f"share {self.share:g} of {100 * KNOWN:g} %, {100 * self.fails:g} % of what is wrong fails"


@dataclass(frozen=True, slots=True)
class FailingRatioGate:
    """A gate on retention that fell from `then` to `now`; the new model fails on a share of what it lost."""

    then: float
    now: float
    fails: float

    @property
    def truth(self) -> float:
        """By how much the ratio fell."""
        return self.then - self.now

    def contrast(self, design: Design, rng: np.random.Generator) -> Contrast:
        """One run's contrast with the baseline."""
        first, other, sure = (design.luck(rng)[:, 0] for _ in range(3))
        again = np.where(rng.random(design.n) < SAME, first, other)
        encoder = (sure < KNOWN).astype(float)
        llvm = encoder * (again < self.now)
        llvm[(llvm == 0) & (rng.random(design.n) < self.fails)] = np.nan
        claim = claims.load()["classification_retention"]
        old, new = (
            _entry(claim, retention(_scores("llvm", a, design), _scores("encoder", encoder, design), CLAIMED))
            for a in (encoder * (first < self.then), llvm)
        )
        return ratio_change.change(difference(old, new), old.contrast, new.contrast, new.worse)

    def __str__(self) -> str:
        fell = f"gate of a ratio, {self.then:g} then and {self.now:g} now"
        return f"{fell}, {100 * self.fails:g} % of what is wrong fails in the new run"


FailingLaw = FailingDrop | FailingGate | FailingRetention | FailingRatioGate
_WORDS: dict[Who, str] = {"lost": "the lost", "won": "the won", "any": "any"}


def at_margin() -> Iterator[tuple[FailingLaw, Design]]:
    """Laws with their designs, to be decided at the truth."""
    singles, pairs, tens = Design(300), Design(300, 2, rho_c=0.3), Design(300, 10, rho_c=0.3)
    many, clusters = Design(1500), Design(1500, 10, rho_c=0.3)
    for design in (singles, pairs, tens, many, clusters):
        yield FailingDrop(0.04, 0.0, 0.9), design
        yield FailingDrop(0.10, 0.05, 0.5), design
        yield FailingDrop(0.05, 0.10, 0.9, "won"), design
        yield FailingDrop(0.06, 0.02, 0.9, graded=True), design
        yield FailingDrop(0.02, 0.06, 0.9, "won", graded=True), design
        yield FailingGate(0.04, 0.01, 0.9), design
        yield FailingRetention(0.9, 0.9), design
    for design in (singles, many):
        yield FailingDrop(0.02, 0.0, 0.5), design
        yield FailingDrop(0.06, 0.02, 0.9), design
        yield FailingGate(0.06, 0.02, 0.9, new=False), design
        yield FailingGate(0.05, 0.05, 0.9, "won"), design
        yield FailingGate(0.05, 0.05, 0.9, drop=True), design
        yield FailingGate(0.05, 0.05, 0.9, "won", drop=True), design
        yield FailingRatioGate(0.92, 0.90, 0.9), design


def at_random() -> Iterator[tuple[FailingLaw, Design]]:
    """Laws with their designs, to be decided where answers fail at random: what failures cost."""
    for fails in (0.0, 0.003, 0.01, 0.03):
        yield FailingDrop(0.0, 0.0, fails, "any"), Design(300)
        yield FailingDrop(0.005, 0.005, fails, "any"), Design(1500)
        yield FailingDrop(0.09, 0.02, fails, "any"), Design(300)


def answers(
    lost: np.ndarray, won: np.ndarray, rng: np.random.Generator, graded: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Scores before and after, by sample, of what lost, won and is neither."""
    other = (rng.random(len(lost)) < _RIGHT).astype(float)
    if not graded:
        before = np.where(lost, 1.0, np.where(won, 0.0, other))
        return before, before - lost + won
    before = np.where(lost, 0.8, np.where(won, 0.2, 0.5))
    small = np.where(lost | won, 0.0, 0.1 * (rng.random(len(lost)) < 0.1))
    return before, np.round(before - 0.8 * lost + 0.8 * won - small, 12)


def _ends(luck: np.ndarray, lost: float, won: float) -> tuple[np.ndarray, np.ndarray]:
    return luck < lost, luck >= 1 - won


def _failed(who: Who, lost: np.ndarray, won: np.ndarray) -> np.ndarray:
    return {"lost": lost, "won": won, "any": np.ones(len(lost), bool)}[who]


def _scores(name: str, values: np.ndarray, design: Design) -> Scores:
    ids = tuple(map(str, range(design.n)))
    errors = {ids[place]: "failed" for place in np.flatnonzero(np.isnan(values))}
    return Scores(name, ids, design.clusters, values[:, None], errors)


def _entry(claim: Claim, contrast: Contrast) -> BaselineEntry:
    return BaselineEntry.of(ClaimKey("gate", CLEAN, "simulated"), claim, contrast)
