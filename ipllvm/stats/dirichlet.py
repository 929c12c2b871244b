"""The Dirichlet bound: the mean of a bounded contrast from clusters as few as they are.

The clusters' values, and one pseudo-cluster at the worst end of the range, get random weights: uniform
over all weights that add up to 1 (a Dirichlet distribution, or exponential weights up to their sum). The
p-value is the chance that the weighted mean lies on the wrong side of the margin (Gaffke 2005). For single
0/1 samples that is the bound of Clopper & Pearson 1934; in general its validity is a conjecture, to which
Learned-Miller & Thomas 2019 found no counterexample, and neither did we (docs/statistics.md).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from ipllvm.records import Contrast
from ipllvm.stats.clusters import cluster_sums

if TYPE_CHECKING:
    from jaxtyping import Float

_FLAT = 1e-4
_LEAST = 1e-300
_NEAR = 1e-9
_NOTHING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Totals:
    """The clusters' sums and sizes as the bound needs them: alike ones once, with how many there are.

    `totals` are in units of the contrast's bound over the largest size, as `sizes` are, so that a total is
    at most its size in magnitude and a size at most 1.
    """

    totals: "Float[np.ndarray, 'kinds']"
    sizes: "Float[np.ndarray, 'kinds']"
    counts: "Float[np.ndarray, 'kinds']"

    @classmethod
    def of(cls, totals: "Float[np.ndarray, 'clusters']", sizes: "Float[np.ndarray, 'clusters']") -> "Totals":
        """Clusters that are alike taken together."""
        if len(sizes) and (sizes == sizes[0]).all():
            found, counts = np.unique(totals, return_counts=True)
            return cls(found, np.full(len(found), sizes[0]), counts.astype(float))
        rows, counts = np.unique(np.column_stack((totals, sizes)), axis=0, return_counts=True)
        return cls(rows[:, 0], rows[:, 1], counts.astype(float))

    def grown(self, times: float) -> "Totals":
        """So many times as many clusters like these."""
        return replace(self, counts=times * self.counts)

    def p_below(self, theta: float, worst: float) -> float:
        """The p-value behind "the mean is below `theta`", in [-1, 1]; it falls as `theta` rises.

        `worst` is what the pseudo-cluster at the worst end weighs, beside the largest cluster.
        """
        if abs(theta) >= 1:
            return 0.0 if theta > 0 else 1.0
        own = worst * (1 - theta)
        return chance_above(np.append(self.totals - theta * self.sizes, own), np.append(self.counts, 1.0))

    def p_above(self, theta: float, worst: float) -> float:
        """The p-value behind "the mean is above `theta`"; it rises with `theta`."""
        return replace(self, totals=-self.totals).p_below(-theta, worst)


@dataclass(frozen=True, slots=True, eq=False)
class DirichletTest:
    """Bounds and p-values by the Dirichlet bound with one whole pseudo-cluster, for any bounded contrast.

    Methods take and return scores, not points.

    >>> quiet = Contrast("drop", np.zeros(300), tuple(str(i) for i in range(300)))
    >>> [round(x, 5) for x in DirichletTest.of(quiet).interval(0.05)]
    [-0.00994, 0.00994]
    """

    clusters: Totals
    bound: float

    @classmethod
    def of(cls, contrast: Contrast) -> "DirichletTest":
        """The test of `contrast`; raises ValueError where a value isn't finite or exceeds the bound."""
        totals, sizes = cluster_sums(contrast)
        largest = sizes.max(initial=1)
        found = Totals.of(totals / (contrast.bound * largest), sizes / largest)
        return cls(found.grown(1 / contrast.shared), contrast.bound)

    @property
    def method(self) -> str:
        """Its name in a report."""
        return "Dirichlet bound, one worst cluster"

    @property
    def too_little(self) -> bool:
        """Whether there are fewer than two clusters, which decides nothing."""
        return float(self.clusters.counts.sum()) < 2

    def grown(self, times: float) -> "DirichletTest":
        """The test of so many times as many clusters like these."""
        return replace(self, clusters=self.clusters.grown(times))

    def at_floor(self, p: float, margin: float) -> bool:
        """Never said of it."""
        return False

    @property
    def own_error(self) -> None:
        """None: the score test's standard error is as good."""

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Bounds of the mean, each valid at 1 - `alpha` on its own side."""
        if self.too_little:
            return -self.bound, self.bound
        high = crossing(lambda theta: self.clusters.p_below(theta, 1.0), alpha)
        low = -crossing(lambda theta: self.clusters.p_above(-theta, 1.0), alpha)
        return self.bound * low, self.bound * high

    def p_holds(self, margin: float) -> float:
        """The one-sided p-value behind "the mean is at most `margin`"; small means it holds."""
        if self.too_little:
            return 1.0
        return self.clusters.p_below(margin / self.bound, 1.0)

    def p_violated(self, margin: float) -> float:
        """The one-sided p-value behind "the mean exceeds `margin`"; small means it does."""
        if self.too_little:
            return 1.0
        return self.clusters.p_above(margin / self.bound, 1.0)


def chance_above(values: "Float[np.ndarray, 'kinds']", counts: "Float[np.ndarray, 'kinds']") -> float:
    """Chance that a sum of exponential variables, `counts` of each kind times their `values`, is 0 or more.

    Exact where one variable stands against all others, else the saddlepoint approximation of Lugannani &
    Rice 1980.

    >>> round(chance_above(np.array([0.95, -0.05]), np.array([1.0, 50.0])), 4), round(0.95**50, 4)
    (0.0769, 0.0769)
    """
    up, down = values > _NOTHING, values < -_NOTHING
    if not up.any() or not down.any():
        return 1.0 if up.any() or not down.any() else 0.0
    if counts[up].sum() == 1:
        return _alone(float(values[up][0]), values[down], counts[down])
    if counts[down].sum() == 1:
        return 1 - _alone(float(values[down][0]), values[up], counts[up])
    return saddlepoint(values[up | down], counts[up | down])


def saddlepoint(values: "Float[np.ndarray, 'kinds']", counts: "Float[np.ndarray, 'kinds']") -> float:
    """The chance of `chance_above` by Lugannani & Rice 1980, where values have both signs.

    >>> round(saddlepoint(np.array([0.95, -0.05]), np.array([1.0, 50.0])), 4)
    0.078
    """
    weights = counts * values

    def mean(s: float) -> float:
        return float(weights @ (1 / (1 - s * values)))

    low, high = (1 - _NEAR) / values.min(), (1 - _NEAR) / values.max()
    s = float(brentq(mean, low, high, xtol=1e-12 * (high - low), rtol=1e-10))
    parts = values / (1 - s * values)
    spread = math.sqrt(float(counts @ parts**2))
    v = s * spread
    if abs(v) < _FLAT:
        return 0.5 - float(counts @ parts**3) / (3 * math.sqrt(2 * math.pi) * spread**3)
    r = math.copysign(math.sqrt(2 * float(counts @ np.log1p(-s * values))), s)
    return float(ndtr(-(r + math.log(v / r) / r)))


def crossing(p_value: Callable[[float], float], alpha: float) -> float:
    """Where in [-1, 1] a p-value that falls as the mean rises comes down to `alpha`; 1 if nowhere.

    >>> crossing(lambda theta: 1 - theta / 2, 0.05), round(crossing(lambda theta: 0.5 - theta / 2, 0.05), 6)
    (1.0, 0.9)
    """

    def gap(theta: float) -> float:
        return math.log(max(p_value(theta), _LEAST) / alpha)

    last = 1 - _NEAR
    return float(brentq(gap, -1.0, last, xtol=1e-13)) if gap(last) < 0 else 1.0


def _alone(value: float, others: "Float[np.ndarray, 'kinds']", counts: "Float[np.ndarray, 'kinds']") -> float:
    """Chance that one exponential variable exceeds the sum of the others: that of beating each in turn."""
    return float(np.exp(-np.sum(counts * np.log1p(-others / value))))
