"""Sequential runs with a few looks: the test of a fixed number of samples at each, alpha spent among them.

Six looks decide more than bets at any time, and with fewer samples, where one is content with six. Each side
of a claim, and each condition of it, has its own p-values over the looks; alpha spending
(ipllvm/stats/spending.py) makes one p-value of them that is valid whenever the run stops.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ipllvm.records import EXACT, Claim, Contrast, Decision, Estimate, Verdict
from ipllvm.stats.choice import choose, turned
from ipllvm.stats.spending import levels, looks_at, repeated_p
from ipllvm.verdicts import decide, guard, wording
from ipllvm.verdicts.decision import decision_of
from ipllvm.verdicts.sequential import InterimAnalyses

LOOKS = 6
_ALPHA = 0.05
_POINTS = 100.0


@dataclass(eq=False)
class GroupSequential(InterimAnalyses):
    """Where a sequential test with six looks stands; `known` has the p-values of each thing, by look."""

    known: dict[tuple[str, str], dict[int, float]] = field(default_factory=dict)

    @cached_property
    def plan(self) -> tuple[int, ...]:
        """How many samples each look will have, in whole clusters."""
        ends = np.cumsum(self.order.sizes)
        places = np.searchsorted(ends, looks_at(int(ends[-1]), LOOKS))
        return tuple(dict.fromkeys(int(ends[place]) for place in places))

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """The share of the planned samples at each look."""
        return tuple(samples / self.plan[-1] for samples in self.plan)

    @property
    def look(self) -> int:
        """How many looks there were, this one included."""
        return sum(samples <= self.samples for samples in self.plan)

    def level(self, alpha: float) -> float:
        """The level of this look."""
        return levels(self.shares, alpha)[self.look - 1]

    def advance(self, batch: int) -> None:
        """Take in whole clusters up to the next look, however many batches of `batch` samples that takes."""
        self.before, goal = self.seen, self.plan[self.look]
        while not self.exhausted and self.samples < goal:
            self.seen += 1
        self.telling = self.exhausted

    def decide(self, contrast: Contrast, claim: Claim, gain: Contrast | None, available: int) -> Verdict:
        """The verdict on `claim` at this look; what `decide.decide` says of what is decided once."""
        if contrast.together:
            return super().decide(contrast, claim, gain, available)
        margin, test = claim.signed_margin, choose(turned(contrast, claim.sign), claim.exact)
        effect = decide.planned_effect(contrast, claim)
        need, unmet = self._needed(contrast, claim, gain)
        p_holds = max(need, self._so_far(claim.name, "holds", test.p_holds(margin)))
        p_violated = max(need, self._so_far(claim.name, "violated", test.p_violated(margin)))
        if need > claim.alpha:
            return Verdict(Decision.UNDECIDED, unmet(), p_holds, p_violated, effect)
        decision = decision_of(claim.alpha, p_holds, p_violated)
        level = self.level(claim.alpha)
        low, high = sorted(claim.sign * bound for bound in test.interval(level))
        said = wording.relation(contrast.inside((low, high)), decision, claim)
        where = f"look {self.look} of {LOOKS}, level {level:.2g}, {self.samples} of {self.plan[-1]} samples"
        reason = f"{said} ({where})"
        return Verdict(decision, reason, p_holds, p_violated, effect)

    def shown(self, found: Estimate, contrast: Contrast, claim: Claim | None = None) -> Estimate:
        """`found` with an interval at the level of this look: those of all looks hold at once."""
        if contrast.together or not self.telling or not self.look:
            return super().shown(found, contrast, claim) if self.interrupted else found
        sign, alpha, exact = (
            (1.0, _ALPHA, EXACT[0]) if claim is None else (claim.sign, claim.alpha, claim.exact)
        )
        test, scale = choose(turned(contrast, sign), exact), _POINTS if found.unit == "points" else 1.0
        lower, upper = sorted(sign * bound for bound in test.interval(self.level(alpha)))
        low, high = contrast.inside((lower, upper))
        return replace(
            found,
            low=scale * low,
            high=scale * high,
            method=f"{test.method}, look {self.look} of {LOOKS}{self._early}",
            extra={"nu": found.extra.get("nu"), "bootstrap": None},
        )

    def about(self, contrast: Contrast, claim: Claim) -> Mapping[str, Any]:
        """What an estimate tells of its looks: the share used, which look it is, and its level."""
        return {
            "target": self.target,
            "order_seed": self.seed,
            "samples": self.samples,
            "planned": self.plan[-1],
            "share": self.samples / self.plan[-1],
            "looks": self.look,
            "level": self.level(claim.alpha) if self.look else None,
            "stopped_early": not self.exhausted,
        }

    def _so_far(self, claim: str, side: str, p: float) -> float:
        """The p-value over all looks, this one's being `p`, however often a look calls the test."""
        kept = self.known.setdefault((claim, side), {})
        kept[self.look] = p
        return repeated_p([kept.get(look, 1.0) for look in range(1, self.look + 1)], self.shares)

    def _needed(
        self, contrast: Contrast, claim: Claim, gain: Contrast | None
    ) -> tuple[float, Callable[[], str]]:
        """The largest p-value of what the claim needs, and what is said where it is not met."""
        found = [
            (self._so_far(claim.name, f"condition {place}", each.p), each.unmet)
            for place, each in enumerate(guard.conditions(contrast, claim, gain))
        ]
        return max(found, key=lambda each: each[0], default=(0.0, str))
