"""Cells of sequential runs: false verdicts at the margin, and the share of the samples that is used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ipllvm.calibration.cells import ALPHA, Band
from ipllvm.calibration.distributions import Design, Flips
from ipllvm.calibration.fixed import MARGIN, claim, decided
from ipllvm.records import Contrast, Decision, Verdict
from ipllvm.stats import walk
from ipllvm.stats.choice import choose
from ipllvm.stats.sequential import Order, Sequential, Stop
from ipllvm.stats.spending import levels, looks_at
from ipllvm.verdicts.decide import decide
from ipllvm.verdicts.group_sequential import LOOKS

_LARGE_SHARE = 0.40
_FIRST = 300


def _stop(
    law: Flips, design: Design, margin: float | None, rng: np.random.Generator
) -> tuple[Stop | None, float]:
    """Where a run stops and the share it used; without a margin it is the benchmark's own mean."""
    contrast = law.contrast(design, rng)
    order = Order.drawn(contrast.clusters, rng)
    found = Sequential.of(contrast, order, benchmark=margin is None)
    stop = found.stop(float(contrast.values.mean()) if margin is None else margin, ALPHA)
    used = sum(order.sizes[: len(order.sizes) if stop is None else stop.clusters])
    return stop, used / design.n


@dataclass(frozen=True, slots=True)
class SequentialErrors:
    """How often a run that looks after every cluster gives a verdict where the truth is the margin."""

    law: Flips
    design: Design
    benchmark: bool = False

    @property
    def name(self) -> str:
        """See Cell."""
        return f"sequential, at the margin, {_target(self.benchmark)}: {self.law}; {self.design}"

    def once(self, rng: np.random.Generator) -> Mapping[str, float]:
        """See Cell."""
        stop, _ = _stop(self.law, self.design, None if self.benchmark else self.law.truth, rng)
        return {
            decision.value: stop is not None and stop.decision is decision
            for decision in (Decision.HOLDS, Decision.VIOLATED)
        }

    def bands(self, rates: Mapping[str, float]) -> Sequence[Band]:
        """See Cell."""
        return [Band("HOLDS", ALPHA), Band("VIOLATED", ALPHA)]


@dataclass(frozen=True, slots=True)
class Share:
    """What a run uses whose truth is `gap` points from a margin of 2, beside what is predicted.

    A negative gap is inside the claim; `changed` is the share of scores that change.
    """

    gap: float
    changed: float
    design: Design

    @property
    def name(self) -> str:
        """See Cell."""
        return f"sequential, gap {self.gap:g}, {100 * self.changed:g} % change; {self.design}"

    @property
    def predicted(self) -> float:
        """The mean share as statistics.md 6.6 has it, at most 1."""
        deff = 1 + (self.design.size - 1) * self.design.rho_c
        gap = abs(self.gap) / 100
        samples = max(8.5 * self.changed * deff / gap**2, 5.7 / gap * self.design.size)
        return min(1.0, samples / self.design.n)

    def once(self, rng: np.random.Generator) -> Mapping[str, float]:
        """See Cell."""
        law = Flips.of((MARGIN + self.gap) / 100, self.changed)
        stop, used = _stop(law, self.design, MARGIN / 100, rng)
        right = Decision.VIOLATED if self.gap > 0 else Decision.HOLDS
        decided = stop is not None
        return {
            "used": used,
            "predicted": self.predicted,
            "right": stop is not None and stop.decision is right,
            "wrong": decided and stop is not None and stop.decision is not right,
        }

    def bands(self, rates: Mapping[str, float]) -> Sequence[Band]:
        """See Cell; where at most 40 % are predicted they must be kept."""
        bands = [Band("wrong", ALPHA)]
        if self.predicted <= _LARGE_SHARE:
            bands.append(Band("used", _LARGE_SHARE, drawn=False))
        return bands


@dataclass(frozen=True, slots=True)
class PlannedLooks:
    """How often any of a few planned looks gives a verdict on a margin of 2 points, each at its level.

    As with --evidence looks and --top-up; where the truth is the margin any verdict is false.
    """

    law: Flips
    design: Design
    samples: tuple[int, ...]

    @property
    def name(self) -> str:
        """See Cell."""
        return f"planned looks at {', '.join(map(str, self.samples))}: {self.law}; {self.design}"

    def once(self, rng: np.random.Generator) -> Mapping[str, float]:
        """See Cell; `used` is the share of the samples until the first verdict."""
        whole = self.law.contrast(self.design, rng)
        shares = tuple(n / self.design.n for n in self.samples)
        for n, share, level in zip(self.samples, shares, levels(shares, ALPHA), strict=True):
            part = replace(whole, values=whole.values[:n], clusters=whole.clusters[:n])
            holds, violated = decided(choose(part), MARGIN / 100, level)
            if holds or violated:
                return {Decision.HOLDS.value: holds, Decision.VIOLATED.value: violated, "used": share}
        return {Decision.HOLDS.value: False, Decision.VIOLATED.value: False, "used": 1.0}

    def bands(self, rates: Mapping[str, float]) -> Sequence[Band]:
        """See Cell."""
        drop = round(100 * self.law.truth, 9)
        sides = ([Decision.HOLDS] if drop >= MARGIN else []) + ([Decision.VIOLATED] if drop <= MARGIN else [])
        return [Band(side.value, ALPHA) for side in sides]


@dataclass(frozen=True, slots=True)
class GateLooks:
    """A gate with six looks that stops at the first word: HOLDS, VIOLATED, or WORSE at margin 0.

    As `--sequential --evidence looks --baseline NAME --fail-on=worse` with a regression margin of `margin`
    points; `law` is what a new checkpoint loses and wins.
    """

    law: Flips
    design: Design
    margin: float = MARGIN

    @property
    def name(self) -> str:
        """See Cell."""
        return f"sequential gate, margin {self.margin:g}: {self.law}; {self.design}"

    def once(self, rng: np.random.Generator) -> Mapping[str, float]:
        """See Cell; `answers` is how many were asked for until the first word."""
        whole = self.law.contrast(self.design, rng)
        samples = looks_at(self.design.n, LOOKS)
        shares = tuple(n / self.design.n for n in samples)
        lost: list[int] = []
        changed: list[int] = []
        for n, level in zip(samples, levels(shares, ALPHA), strict=True):
            test = choose(replace(whole, values=whole.values[:n], clusters=whole.clusters[:n]))
            holds, violated = decided(test, self.margin / 100, level)
            lost.append(int((whole.values[:n] > 0).sum()))
            changed.append(int((whole.values[:n] != 0).sum()))
            worse = decided(test, 0.0, level)[1]
            if self.design.size == 1:
                worse = walk.decides(lost, changed, shares[: len(lost)], ALPHA)
            if holds or violated or worse:
                return {"HOLDS": holds, "VIOLATED": violated, "WORSE": worse, "answers": float(n)}
        return {"HOLDS": False, "VIOLATED": False, "WORSE": False, "answers": float(self.design.n)}

    def bands(self, rates: Mapping[str, float]) -> Sequence[Band]:
        """See Cell."""
        drop = round(100 * self.law.truth, 9)
        false = {"HOLDS": drop >= self.margin, "VIOLATED": drop <= self.margin, "WORSE": drop <= 0}
        return [Band(word, ALPHA) for word, wrong in false.items() if wrong]


@dataclass(frozen=True, slots=True)
class AdviceFollowed:
    """A run of 300 samples that did not decide, and one of as many as its line says would, nothing planned.

    Two looks at the whole of alpha, which is what a row says of them (ipllvm/verdicts/top_up.py): they may
    err by as much as both levels together.
    """

    law: Flips
    most: int = 4500

    @property
    def name(self) -> str:
        """See Cell."""
        return f"advice followed without a plan: {self.law}; n=300, then as told"

    def once(self, rng: np.random.Generator) -> Mapping[str, float]:
        """See Cell; `first` is whether the first run decided, `followed` whether its advice was."""
        whole = self.law.contrast(Design(self.most), rng)
        first = verdict = self._run(whole, _FIRST)
        if first.decision is Decision.UNDECIDED and first.n_to_decide:
            verdict = self._run(whole, min(first.n_to_decide, self.most))
        return {
            "HOLDS": verdict.decision is Decision.HOLDS,
            "VIOLATED": verdict.decision is Decision.VIOLATED,
            "first": first.decision is not Decision.UNDECIDED,
            "followed": verdict is not first,
        }

    def _run(self, whole: Contrast, n: int) -> Verdict:
        part = replace(whole, values=whole.values[:n], clusters=whole.clusters[:n])
        return decide(part, claim(), available=self.most)

    def bands(self, rates: Mapping[str, float]) -> Sequence[Band]:
        """See Cell; the truth is the margin, so that either verdict is false."""
        return [Band("HOLDS", 2 * ALPHA), Band("VIOLATED", 2 * ALPHA)]


def _target(benchmark: bool) -> str:
    return "this benchmark" if benchmark else "population"
