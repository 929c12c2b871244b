"""Student's t over clusters, for means that no score test fits: those of influence values.

It is a HypothesisTest (ipllvm/stats/protocol.py).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from ipllvm.records import Contrast
from ipllvm.stats.clusters import cluster_sums, effective_clusters, independent, spread
from ipllvm.stats.dirichlet import Totals, crossing

_MIN_CLUSTERS = 30
_MIN_INFORMATION = 20


@dataclass(frozen=True, slots=True, eq=False)
class StudentTest:
    """An estimate with its standard error and degrees of freedom (0: too little to say anything).

    `bound` is how far the mean could be from 0 at all. `drawn` are what was drawn, clusters or draws, as the
    Dirichlet bound needs them: no p-value is below that with a worst one that weighs `worst`. Methods take
    and return scores, not points.
    """

    mean: float
    error: float
    df: float
    bound: float
    method: str
    drawn: Totals
    worst: float = 0.5

    @classmethod
    def undecided(cls, bound: float, method: str) -> "StudentTest":
        """The test that decides nothing."""
        return cls(0.0, 0.0, 0.0, bound, method, Totals.of(np.zeros(0), np.zeros(0)))

    @property
    def too_little(self) -> bool:
        """Whether it decides nothing."""
        return self.df <= 0

    @property
    def own_error(self) -> float | None:
        """Its own standard error; None where it decides nothing."""
        return None if self.too_little else self.error

    def grown(self, times: float) -> None:
        """None: it can't say what more clusters would give."""

    def at_floor(self, p: float, margin: float) -> bool:
        """Never said of it."""
        return False

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Bounds of the mean, each valid at 1 - `alpha` on its own side."""
        if self.too_little:
            return -self.bound, self.bound
        high = crossing(lambda theta: self._p(theta, 1), alpha)
        low = -crossing(lambda theta: self._p(-theta, -1), alpha)
        return max(self.bound * low, -self.bound), min(self.bound * high, self.bound)

    def p_holds(self, margin: float) -> float:
        """The one-sided p-value behind "the mean is at most `margin`"; small means it holds."""
        if self.too_little:
            return 1.0
        return self._p(margin / self.bound, 1)

    def p_violated(self, margin: float) -> float:
        """The one-sided p-value behind "the mean exceeds `margin`"; small means it does."""
        if self.too_little:
            return 1.0
        return self._p(margin / self.bound, -1)

    def _p(self, theta: float, side: int) -> float:
        """Against a mean of `theta` bounds: the larger one of the t and of the Dirichlet bound."""
        distance = side * (self.mean - theta * self.bound)
        steps = distance / self.error if self.error > 0 else math.copysign(math.inf, distance)
        fewness = (self.drawn.p_below if side > 0 else self.drawn.p_above)(theta, self.worst)
        return max(float(stdtr(self.df, steps)), fewness)


def linearised(contrast: Contrast) -> StudentTest:
    """The t over clusters of influence values, whose mean is a non-linear statistic (Efron 1982).

    It decides nothing with fewer than 30 clusters, or fewer than 20 that carry information.
    """
    method = "t over clusters of influence values"
    if not enough(contrast):
        return StudentTest.undecided(contrast.bound, method)
    totals, sizes = cluster_sums(contrast)
    return StudentTest(
        mean=float(contrast.values.mean()),
        error=math.sqrt(spread(totals, sizes)) / len(contrast.values),
        df=max(independent(sizes) - 1, 1.0),
        bound=contrast.bound,
        method=method,
        drawn=Totals.of(totals / (contrast.bound * sizes.max()), sizes / sizes.max()),
    )


def enough(contrast: Contrast) -> bool:
    """Whether a t over clusters may be trusted: at least 30 of them, 20 of which carry information."""
    return len(set(contrast.clusters)) >= _MIN_CLUSTERS and effective_clusters(contrast) >= _MIN_INFORMATION


def uninformed(contrast: Contrast) -> bool:
    """Whether there are enough clusters for a t, but too few of them carry information."""
    return len(set(contrast.clusters)) >= _MIN_CLUSTERS and not enough(contrast)
