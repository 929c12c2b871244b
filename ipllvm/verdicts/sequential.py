"""Sequential runs: a property is measured on more and more clusters until its claims are decided.

The clusters come in one seeded uniform order, whatever the claim. After each batch of them a claim is
looked at; bets against it (ipllvm/stats/sequential.py) allow that as often as one likes. A verdict once
given stays. Claims that no bets are made on (influence values, random or chosen draws) are decided once, at
the end.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ipllvm.records import Benchmark, Claim, Contrast, Decision, Estimate, Sample, Verdict
from ipllvm.stats.choice import INDISTINCT, turned
from ipllvm.stats.sequential import Order, Sequential
from ipllvm.verdicts import decide, guard
from ipllvm.verdicts.outlook import evidence, outlook_of
from ipllvm.verdicts.planning import GAP, expected_share
from ipllvm.verdicts.wording import relation

LOOKS = 16
"""About how often a claim is looked at where the engine's batches would be larger."""
LOOKING, FINAL = 0.8, 0.2
"""With a final look: the shares of alpha that the looks and the last test of all samples have."""
_ALPHA = 0.05
_POINTS = 100.0


@dataclass(eq=False)
class InterimAnalyses:
    """Where a sequential test stands: `planned` has its samples cluster after cluster in random order.

    `target` is population or benchmark. `telling` says that what is found now will be recorded, so
    that its intervals count; `interrupted` that the run ended inside a look, of which nothing counts;
    `decided` are the verdicts given.
    """

    planned: Benchmark
    seed: int
    target: str = "population"
    final_look: bool = False
    telling: bool = False
    promising: bool = False
    decided: dict[str, Verdict] = field(default_factory=dict)
    undecided: set[str] = field(default_factory=set)
    seen: int = 0
    before: int = 0
    interrupted: bool = False

    @cached_property
    def order(self) -> Order:
        """The planned clusters in the order of the run."""
        return Order.of([sample.cluster for sample in self.planned.samples])

    @property
    def samples(self) -> int:
        """How many samples the clusters seen so far have."""
        return sum(self.order.sizes[: self.seen])

    @property
    def exhausted(self) -> bool:
        """Whether all that was planned is seen."""
        return self.seen >= len(self.order.sizes)

    @property
    def benchmark(self) -> Benchmark:
        """The samples seen so far."""
        return self.planned.part(self.planned.samples[: self.samples])

    def advance(self, batch: int) -> None:
        """Take in whole clusters, up to about `batch` samples or a sixteenth of those planned."""
        order, step = self.order, min(batch, math.ceil(len(self.planned.samples) / LOOKS))
        wanted, self.before = self.samples + step, self.seen
        while not self.exhausted and self.samples < wanted:
            self.seen += 1
        self.telling = self.seen >= len(order.sizes)

    def stopped(self, asked: Sequence[Sample]) -> tuple[Sample, ...]:
        """Those of the `asked` samples that the last complete look had; all of another benchmark's.

        What the look that was interrupted has of its clusters depends on how far it came: it is left out.
        """
        if not self.interrupted:
            self.seen, self.interrupted, self.telling = self.before, True, True
        planned, kept = ({s.id for s in each.samples} for each in (self.planned, self.benchmark))
        return tuple(sample for sample in asked if sample.id in kept or sample.id not in planned)

    def begin(self) -> None:
        """Forget what the last call of the test found to be undecided."""
        self.undecided.clear()
        self.promising = False

    def settles(self, claim: str, verdict: Verdict) -> bool:
        """Whether a verdict is to be recorded: it was given, or there is nothing more to look at."""
        given = verdict.decision is not Decision.UNDECIDED
        self.promising |= given
        if self.telling and (given or self.exhausted):
            self.decided[claim] = verdict
            return True
        self.undecided.add(claim)
        return False

    def decide(self, contrast: Contrast, claim: Claim, gain: Contrast | None, available: int) -> Verdict:
        """The verdict on `claim` now; what `decide.decide` says where no bets can be made."""
        if contrast.together:
            found = decide.decide(contrast, claim, gain, available=available)
            return found if self.exhausted else Verdict(Decision.UNDECIDED, "decided once, at the end")
        margin, sequence = claim.signed_margin, self._sequence(turned(contrast, claim.sign))
        effect = decide.planned_effect(contrast, claim)
        if sequence is None:
            return Verdict(Decision.UNDECIDED, "its samples are not those of the run's order")
        p_holds, p_violated = sequence.p_holds(margin), sequence.p_violated(margin)
        level = claim.alpha * self._looking
        needs = list(self._conditions(contrast, claim, gain))
        need = max((each.p for each in needs), default=0.0) / self._looking
        if unmet := [each for each in needs if each.p > level]:
            p_holds, p_violated = (min(max(p / self._looking, need), 1.0) for p in (p_holds, p_violated))
            return Verdict(Decision.UNDECIDED, unmet[0].unmet(), p_holds, p_violated, effect)
        stop = sequence.stop(margin, level)
        decision = Decision.UNDECIDED if stop is None else stop.decision
        if self.final_look:
            p_holds, p_violated = p_holds / LOOKING, p_violated / LOOKING
            if self.exhausted and stop is None:
                last = decide.decide(contrast, replace(claim, alpha=FINAL * claim.alpha))
                decision = last.decision
                p_holds, p_violated = (
                    min(p_holds, last.p_holds / FINAL),
                    min(p_violated, last.p_violated / FINAL),
                )
        p_holds, p_violated = (min(max(p, need), 1.0) for p in (p_holds, p_violated))
        verdict = Verdict(decision, "", p_holds, p_violated, effect)
        return self._worded(verdict, contrast, claim, sequence, margin, available)

    def shown(self, found: Estimate, contrast: Contrast, claim: Claim | None = None) -> Estimate:
        """`found` with a confidence sequence for its interval: no other is valid on a stopped sample.

        With a `claim` it is the interval that decides it.
        """
        if self.interrupted and contrast.together:
            return self.bare(found)
        if not self.telling or contrast.together:
            return found
        sequence = self._sequence(contrast)
        scale = _POINTS if found.unit == "points" else 1.0
        if sequence is None:
            bounds = (-contrast.bound, contrast.bound)
        elif claim is None:
            bounds = sequence.interval(_ALPHA * self._looking)
        else:
            bounds = self._deciding(contrast, claim)
        method = "range only: not in the run's order" if sequence is None else sequence.method
        method = "range only: no complete look" if self.interrupted and not self.seen else method
        low, high = contrast.inside(bounds)
        return replace(
            found,
            low=scale * low,
            high=scale * high,
            method=f"{method}{self._early}",
            extra={"nu": found.extra.get("nu"), "bootstrap": None},
        )

    def bare(self, found: Estimate) -> Estimate:
        """`found` without an interval that is not valid on a sample that was looked at."""
        method = "none: the sample was looked at"
        return replace(found, method=method, low=-math.inf, high=math.inf, extra={})

    def about(self, contrast: Contrast, claim: Claim) -> Mapping[str, Any]:
        """What an estimate tells of its looks: the share used and predicted, both E, the order's seed."""
        sign = claim.sign
        sequence, planned = self._sequence(turned(contrast, sign)), len(self.planned.samples)
        told: dict[str, Any] = {
            "target": self.target,
            "order_seed": self.seed,
            "samples": self.samples,
            "planned": planned,
            "share": self.samples / planned,
            "predicted_share": 1.0 if contrast.together else self._predicted(contrast, claim),
            "predicted_at": _POINTS * GAP,
            "stopped_early": not self.exhausted,
        }
        if sequence is not None and not contrast.together:
            margin = claim.signed_margin
            told["e_holds"], told["e_violated"] = evidence(sequence, margin)
        return told

    @property
    def _looking(self) -> float:
        """The share of alpha that the looks have."""
        return LOOKING if self.final_look else 1.0

    @property
    def _early(self) -> str:
        if self.interrupted:
            return f"; interrupted after {self.samples} samples"
        return "" if self.exhausted else "; stopped early: the point is biased away from the margin"

    def _sequence(self, contrast: Contrast) -> Sequential | None:
        """The evidence of a contrast over the clusters seen, or over its own where it is of some samples."""
        order = self.order
        known = set(order.clusters[: self.seen]).issuperset(_planned(contrast))
        if known and len(contrast.values) + contrast.n_error == self.samples:
            return Sequential.of(contrast, order, benchmark=self.target == "benchmark")
        if len(contrast.failed) < contrast.n_error or (contrast.failed and not known):
            return None
        return Sequential.of(contrast, self._order_of(contrast))

    def _order_of(self, contrast: Contrast) -> Order:
        """The clusters of some of the samples, those without a value included, as the run comes to them."""
        counts = Counter(_planned(contrast))
        names = [name for name in self.order.clusters if name in counts] if contrast.failed else list(counts)
        largest = max(self.order.largest, *counts.values(), 1)
        return Order(tuple(names), tuple(counts[name] for name in names), largest)

    def _deciding(self, contrast: Contrast, claim: Claim) -> tuple[float, float]:
        """The interval that decides a claim: that of the final look where only this one decided."""
        sequence, level = self._sequence(turned(contrast, claim.sign)), claim.alpha * self._looking
        assert sequence is not None
        if self.final_look and self.exhausted and sequence.stop(claim.signed_margin, level) is None:
            last = replace(claim, alpha=FINAL * claim.alpha)
            if decide.decide(contrast, last).decision is not Decision.UNDECIDED:
                found = decide.estimate(contrast, replicates=0, claim=last)
                return found.low / _POINTS, found.high / _POINTS
        low, high = sorted(claim.sign * bound for bound in sequence.interval(level))
        return contrast.inside((low, high))

    def _conditions(
        self, contrast: Contrast, claim: Claim, gain: Contrast | None
    ) -> Iterator[guard.Condition]:
        """As for a fixed sample, by the evidence so far."""
        if gain is not None:
            seen = self._sequence(gain)
            p = 1.0 if seen is None else seen.p_violated(claim.margin / _POINTS)
            low = -gain.bound if seen is None else seen.interval(claim.alpha)[0]
            yield guard.Condition(p, lambda: guard.too_small(gain, claim, low))
        if contrast.over is not None:
            seen = self._sequence(contrast.over)
            yield guard.Condition(1.0 if seen is None else seen.p_violated(0.0), lambda: INDISTINCT)

    def _worded(
        self,
        verdict: Verdict,
        contrast: Contrast,
        claim: Claim,
        sequence: Sequential,
        margin: float,
        available: int,
    ) -> Verdict:
        """The verdict with its reason; while it is only looked at there is none."""
        if not self.telling:
            return verdict
        bounds = self._deciding(contrast, claim)
        holds, violated = evidence(sequence, margin)
        found = f"E = {holds:.3g} for, {violated:.3g} against it"
        used = f"{self.samples} of {len(self.planned.samples)} samples, target {self.target}"
        said = relation(bounds, verdict.decision, claim)
        if verdict.decision is not Decision.UNDECIDED:
            return replace(verdict, reason=f"{said} ({found}; after {used})")
        ahead = outlook_of(contrast, claim, self.samples, available)
        reason = f"{said} ({found}; {used}); {ahead.sentence}"
        return replace(verdict, reason=reason, n_to_decide=ahead.n)

    def _predicted(self, contrast: Contrast, claim: Claim) -> float:
        """The share of the planned samples that such a run uses on average, as it was planned."""
        return expected_share(claim, self.order.sizes, contrast.draws, contrast.bound)


def _planned(contrast: Contrast) -> list[str]:
    """The cluster of each sample of a contrast, of those that are known to have failed too."""
    return [*contrast.clusters, *(each.cluster for each in contrast.failed)]
