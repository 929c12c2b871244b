"""Cells of gates on a ratio: false verdicts where it fell by the regression margin itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ipllvm.calibration.cells import ALPHA, Band
from ipllvm.calibration.distributions import Design
from ipllvm.metrics.influence import ratio_change
from ipllvm.records import Contrast, Decision
from ipllvm.stats.choice import choose

CLAIMED = 0.9
KNOWN = 0.95
SAME = 0.9


@dataclass(frozen=True, slots=True)
class RatioGate:
    """How often a gate on retention gives a verdict where it fell from `then` to `now` and may not by more.

    The encoder knows 95 % of the samples; nine tenths of them have the same luck in both runs.
    """

    then: float
    now: float
    design: Design

    @property
    def name(self) -> str:
        """See Cell."""
        return f"gate of a ratio, {self.then:g} then and {self.now:g} now; {self.design}"

    def once(self, rng: np.random.Generator) -> Mapping[str, float]:
        """See Cell."""
        first, other, known = (self.design.luck(rng)[:, 0] for _ in range(3))
        again = np.where(rng.random(self.design.n) < SAME, first, other)
        encoder = (known < KNOWN).astype(float)
        old, new = (
            self._retention(encoder * (luck < share), encoder)
            for luck, share in ((first, self.then), (again, self.now))
        )
        test, margin = choose(ratio_change("regression", -1.0, old, new)), self.then - self.now
        return {
            Decision.HOLDS.value: test.p_holds(margin) <= ALPHA,
            Decision.VIOLATED.value: test.p_violated(margin) <= ALPHA,
        }

    def bands(self, rates: Mapping[str, float]) -> Sequence[Band]:
        """See Cell."""
        return [Band("HOLDS", ALPHA), Band("VIOLATED", ALPHA)]

    def _retention(self, llvm: np.ndarray, encoder: np.ndarray) -> Contrast:
        """As ipllvm/metrics/retention.py makes it, without the way by ids."""
        below = Contrast("denominator", encoder, self.design.clusters, lattice=0.0, weighted=True)
        return replace(below, name="retention", values=llvm - CLAIMED * encoder, over=below, share=CLAIMED)
