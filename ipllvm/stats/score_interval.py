"""The score test for a mean of paired differences, and the interval that inverts it.

Tango's score statistic (Tango 1998) with the sample size divided by a design effect (Rao & Scott
1992, Korn & Graubard 1998), so that samples of one image count as what they are worth. No p-value is below
the Dirichlet bound (ipllvm/stats/dirichlet.py) with part of a worst cluster, which knows how few the
clusters are; and the mean is never below a margin where the same run without a single loss could not
show it, so that losing more never helps.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtr

from ipllvm.records import Contrast
from ipllvm.stats.clusters import cluster_sums, independent, spread
from ipllvm.stats.dirichlet import Totals, crossing
from ipllvm.stats.missing import Missing

_HALF, _TENTH = 0.5, 0.1
"""What the worst pseudo-cluster weighs against HOLDS and against VIOLATED, beside the largest cluster."""


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTest:
    """Everything about a contrast that its interval and p-values need.

    `mean`, `gained` and `lost` are in units of `bound` (so in [-1, 1]): the mean, and the means of
    the positive and of the negative parts. `deff` is the design effect, `effective` the sample
    size divided by it, `df` the degrees of freedom, `correction` the continuity correction of the numerator,
    `missing` tells of planned samples without a value. `totals` are the clusters, `unlost` the same
    ones without a single loss, `worst` what the pseudo-cluster weighs. Methods take and return scores, not
    points.

    >>> from ipllvm.records import Contrast
    >>> import numpy as np
    >>> quiet = Contrast("drop", np.zeros(300), tuple(str(i) for i in range(300)))
    >>> [round(x, 5) for x in ScoreTest.of(quiet).interval(0.05)]
    [-0.00994, 0.00994]
    """

    n: int
    clusters: int
    largest: int
    mean: float
    gained: float
    lost: float
    deff: float
    effective: float
    df: float
    correction: float
    bound: float
    missing: Missing
    totals: Totals
    unlost: Totals
    worst: float

    @classmethod
    def of(cls, contrast: Contrast) -> "ScoreTest":
        """The test of `contrast`; raises ValueError where a value isn't finite or exceeds the bound."""
        return replace(cls.over([(1.0, contrast)]), missing=Missing.of(contrast))

    @classmethod
    def over(cls, terms: Sequence[tuple[float, Contrast]]) -> "ScoreTest":
        """The test of a weighted sum of means over independent sets of samples, as over benchmarks.

        The sets are strata of one contrast: each value counts as often as its mean's weight asks for, and the
        spread is that inside the sets. Samples without a value are left out of it.
        """
        n = sum(len(contrast.values) for _, contrast in terms)
        scales = [weight * max(n, 1) / max(len(contrast.values), 1) for weight, contrast in terms]
        bound = max(abs(scale) * contrast.bound for scale, (_, contrast) in zip(scales, terms, strict=True))
        lattices = {abs(scale) * c.lattice for scale, (_, c) in zip(scales, terms, strict=True)}
        parts = [_scaled(contrast, scale / bound) for scale, (_, contrast) in zip(scales, terms, strict=True)]
        d = np.concatenate([part[0] for part in parts])
        totals, unlost, sizes = (np.concatenate([part[i] for part in parts]) for i in (1, 2, 3))
        mean, gained, lost = (
            float(each.sum()) / max(n, 1) for each in (d, np.maximum(d, 0), np.maximum(-d, 0))
        )
        largest, lattice = int(sizes.max(initial=1)), max(lattices)
        # One pseudo-discordance at the worst correlation: few flips can't claim a tiny design effect.
        around = sum(spread(part[1], part[3]) for part in parts)
        deff = (around + largest) / (n * (gained + lost - mean**2) + 1)
        return cls(
            n=n,
            clusters=len(sizes),
            largest=largest,
            mean=mean,
            gained=gained,
            lost=lost,
            deff=deff,
            effective=n / deff,
            df=max(independent(sizes) - 1, 1.0),
            correction=lattice / (2 * deff * bound),
            bound=bound,
            missing=Missing(),
            totals=Totals.of(totals / largest, sizes / largest),
            unlost=Totals.of(unlost / largest, sizes / largest),
            worst=1.0 if largest == 1 and (len(lattices) > 1 or lattice in (0, bound)) else _HALF,
        )

    @property
    def method(self) -> str:
        """Its name in a report."""
        concordant = "exact bound, nothing changed"
        return concordant if self.concordant else "score interval, effective sample size"

    @property
    def too_little(self) -> bool:
        """Whether there are fewer than two clusters, which decides nothing."""
        return self.clusters < 2

    @property
    def concordant(self) -> bool:
        """Whether no sample changed: then only the exact bound says something."""
        return self.gained == 0 and self.lost == 0

    @property
    def complete(self) -> "ScoreTest":
        """The same test as if no planned sample were missing."""
        return replace(self, missing=Missing())

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Bounds of the mean, each valid at 1 - `alpha` on its own side (0 < alpha < 0.5).

        Missing samples are put at the worst end on either side (Horowitz & Manski 2000).
        """
        if self.too_little:
            return -self.bound, self.bound
        low, high = -crossing(lambda t: self._violated(-t), alpha), crossing(self._holds, alpha)
        return self.missing.widened((self.bound * low, self.bound * high))

    def p_holds(self, margin: float) -> float:
        """The one-sided p-value behind "the mean is at most `margin`"; small means it holds."""
        return 1.0 if self.too_little else self._holds(self.beyond_missing(margin, 1) / self.bound)

    def p_violated(self, margin: float) -> float:
        """The one-sided p-value behind "the mean exceeds `margin`"; small means it does."""
        return 1.0 if self.too_little else self._violated(self.beyond_missing(margin, -1) / self.bound)

    def beyond_missing(self, margin: float, side: int) -> float:
        """The margin that the complete samples must meet on `side` (1 above, -1 below)."""
        return self.missing.complete_margin(margin, side)

    def standard_error(self, margin: float) -> float:
        """Standard error of the mean in scores if its truth were `margin` (Tango 1998)."""
        t = min(max(margin / self.bound, -1.0), 1.0)
        return self.bound * math.sqrt(max(self._variance(t), 0.0)) / self.effective

    def statistic(self, t: float) -> float:
        """Tango's Z for a true mean of `t` bounds, corrected for the steps of the scores."""
        distance = self.effective * (self.mean - t)
        size = max(abs(distance) - self.correction, 0.0)
        if size == 0:
            return 0.0
        variance = self._variance(t)
        return math.copysign(size / math.sqrt(variance) if variance > 0 else math.inf, distance)

    def _holds(self, t: float) -> float:
        """The p-value behind "the mean is at most `t` bounds": the largest of three, none of which rises."""
        if abs(t) >= 1:
            return 0.0 if t > 0 else 1.0
        floor = self.unlost.p_below(t, 1.0)
        if self.concordant:
            return floor
        return max(float(stdtr(self.df, self.statistic(t))), floor, self.totals.p_below(t, self.worst))

    def _violated(self, t: float) -> float:
        """The p-value behind "the mean exceeds `t` bounds"; where nothing changed the exact one."""
        if abs(t) >= 1:
            return 0.0 if t < 0 else 1.0
        if self.concordant:
            return self.totals.p_above(t, 1.0)
        return max(float(stdtr(self.df, -self.statistic(t))), self.totals.p_above(t, _TENTH))

    def _variance(self, t: float) -> float:
        """Variance of the summed differences under a true mean of `t` bounds."""
        n, b, c = self.effective, self.gained, self.lost
        first = 2 * n
        second = -n * b - n * c + (2 * n - n * b + n * c) * t
        third = -n * c * t * (1 - t)
        root = math.sqrt(max(second**2 - 4 * first * third, 0.0))
        q = max((root - second) / (2 * first), 0.0, -t)
        return n * (2 * q + t * (1 - t))


def _scaled(contrast: Contrast, scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Values, the clusters' sums, their sums without a single loss, and their sizes, times `scale`."""
    totals, sizes = cluster_sums(contrast)
    d = np.asarray(contrast.values, dtype=float) * scale
    unlost, _ = cluster_sums(replace(contrast, values=np.minimum(np.sign(scale) * contrast.values, 0)))
    return d, totals * scale, unlost * abs(scale), sizes
