"""Student's t over clusters, for means that no score test fits: combinations, and linearised statistics.

Each test has the shape of a ScoreTest: bounds and p-values come from one statistic.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy.special import stdtr, stdtrit

from ipllvm.records import Contrast
from ipllvm.stats.clusters import cluster_sums, effective_clusters, spread
from ipllvm.stats.missing import missing_share

_MIN_CLUSTERS = 30
_MIN_INFORMATION = 20


@dataclass(frozen=True, slots=True)
class StudentTest:
    """An estimate with its standard error and degrees of freedom (0: too little to say anything).

    `slack` is how far the samples without a value could move it, `bound` how far it could be from
    0 at all. Methods take and return scores, not points.
    """

    mean: float
    error: float
    df: float
    bound: float
    method: str
    slack: float = 0.0

    @property
    def too_little(self) -> bool:
        """Whether it decides nothing."""
        return self.df <= 0

    @property
    def complete(self) -> "StudentTest":
        """The same test as if no planned sample were missing."""
        return replace(self, slack=0.0)

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Bounds of the mean, each valid at 1 - `alpha` on its own side."""
        if self.too_little:
            return -self.bound, self.bound
        reach = float(stdtrit(self.df, 1 - alpha)) * self.error + self.slack
        return max(self.mean - reach, -self.bound), min(self.mean + reach, self.bound)

    def p_holds(self, margin: float) -> float:
        """The one-sided p-value behind "the mean is at most `margin`"; small means it holds."""
        return self._p(self.mean + self.slack - margin)

    def p_violated(self, margin: float) -> float:
        """The one-sided p-value behind "the mean exceeds `margin`"; small means it does."""
        return self._p(margin - (self.mean - self.slack))

    def _p(self, distance: float) -> float:
        if self.too_little:
            return 1.0
        if self.error == 0:
            return 0.0 if distance < 0 else 1.0
        return float(stdtr(self.df, distance / self.error))


def combined(terms: Sequence[tuple[float, Contrast]], method: str = "mean of benchmarks") -> StudentTest:
    """The weighted sum of means over independent sets of samples: a mean over benchmarks, or a difference.

    The benchmarks are fixed, not drawn: their variances add, each with one pseudo-discordance, so
    that a benchmark without flips is no certainty; degrees of freedom of Welch 1947 and
    Satterthwaite 1946. With `terms` of one benchmark below two clusters it decides nothing.
    """
    bound = sum(abs(weight) * contrast.bound for weight, contrast in terms)
    shares = [missing_share(contrast) for _, contrast in terms]
    if any(len(set(contrast.clusters)) < 2 for _, contrast in terms):
        return StudentTest(0.0, 0.0, 0.0, bound, method)
    mean = slack = variance = smaller = 0.0
    for (weight, contrast), share in zip(terms, shares, strict=True):
        kept = weight * (1 - share)
        mean += kept * float(contrast.values.mean())
        slack += abs(weight) * share * contrast.bound
        own = kept**2 * _variance(contrast)
        variance += own
        smaller += own**2 / (len(set(contrast.clusters)) - 1)
    return StudentTest(mean, math.sqrt(variance), variance**2 / smaller, bound, method, slack)


def difference(first: Contrast, second: Contrast) -> StudentTest:
    """Mean of `first` minus mean of `second`, of independent samples, as text-rich against plain."""
    return combined([(1.0, first), (-1.0, second)], "Welch's t over clusters")


def linearised(contrast: Contrast) -> StudentTest:
    """The t over clusters of influence values, whose mean is a non-linear statistic (Efron 1982).

    It decides nothing with fewer than 30 clusters, or fewer than 20 that carry information.
    """
    method, share = "t over clusters of influence values", missing_share(contrast)
    if not enough(contrast):
        return StudentTest(0.0, 0.0, 0.0, contrast.bound, method)
    totals, sizes = cluster_sums(contrast)
    mean = (1 - share) * float(contrast.values.mean())
    error = (1 - share) * math.sqrt(spread(totals, sizes)) / len(contrast.values)
    return StudentTest(mean, error, len(sizes) - 1, contrast.bound, method, share * contrast.bound)


def enough(contrast: Contrast) -> bool:
    """Whether a t over clusters may be trusted: at least 30 of them, 20 of which carry information."""
    return len(set(contrast.clusters)) >= _MIN_CLUSTERS and effective_clusters(contrast) >= _MIN_INFORMATION


def uninformed(contrast: Contrast) -> bool:
    """Whether there are enough clusters for a t, but too few of them carry information."""
    return len(set(contrast.clusters)) >= _MIN_CLUSTERS and not enough(contrast)


def _variance(contrast: Contrast) -> float:
    """Variance of a mean, in scores, with one pseudo-discordance at the worst correlation."""
    totals, sizes = cluster_sums(contrast)
    square = contrast.bound**2
    return (spread(totals, sizes) + square * int(sizes.max())) / len(contrast.values) ** 2
