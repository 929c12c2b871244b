"""Losses against the measured noise of the pair: does a change lose more than a repetition of one model?

"Lost = won" is what a test of a difference asks, and it cannot tell few losses from chance. Where a
repetition of the same model was measured too, and a harmless change flips no more, few losses are enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtrc

from ipllvm.records import Contrast
from ipllvm.stats.clusters import cluster_sums


@dataclass(frozen=True, slots=True)
class FlipCounts:
    """Clusters of samples that lost and that won on balance, of how many; counts add up over measurements."""

    lost: int
    won: int
    clusters: int

    @classmethod
    def of(cls, contrast: Contrast) -> "FlipCounts":
        """Those of a contrast that is positive where something is lost, whose samples all have a value."""
        totals, _ = cluster_sums(contrast)
        return cls(int((totals > 0).sum()), int((totals < 0).sum()), len(totals))

    def __add__(self, other: "FlipCounts") -> "FlipCounts":
        return FlipCounts(self.lost + other.lost, self.won + other.won, self.clusters + other.clusters)


def total(parts: Sequence[FlipCounts]) -> FlipCounts:
    """All of them together.

    >>> total([FlipCounts(1, 0, 10), FlipCounts(0, 2, 30)])
    FlipCounts(lost=1, won=2, clusters=40)
    """
    return sum(parts, FlipCounts(0, 0, 0))


def may_be_used(change: FlipCounts, noise: FlipCounts) -> bool:
    """Whether the change may be held against the noise: it won no more than the repetition did by its size.

    A checkpoint that was trained on loses and wins; what it loses is then no sign of harm, and the test
    of the difference is the one to ask.

    >>> one_way, two_ways = FlipCounts(5, 0, 300), FlipCounts(5, 1, 300)
    >>> may_be_used(one_way, FlipCounts(0, 0, 300)), may_be_used(two_ways, FlipCounts(0, 0, 3000))
    (True, False)
    """
    return change.won * noise.clusters <= noise.won * change.clusters


def p_beyond_noise(change: FlipCounts, noise: FlipCounts) -> float:
    """The one-sided p-value of "no more clusters lose by the change than by the repetition".

    Exact given the number of losing clusters, for rare losses and independent measurements (Przyborowski &
    Wilenski 1940); the same samples in both make it smaller in size. 1 without a repetition.

    >>> round(p_beyond_noise(FlipCounts(1, 0, 300), FlipCounts(0, 0, 6000)), 4)
    0.0476
    >>> round(p_beyond_noise(FlipCounts(4, 0, 300), FlipCounts(0, 0, 300)), 4)
    0.0625
    """
    if change.lost == 0 or noise.clusters == 0:
        return 1.0
    share = change.clusters / (change.clusters + noise.clusters)
    return float(np.clip(bdtrc(change.lost - 1, change.lost + noise.lost, share), 0.0, 1.0))
