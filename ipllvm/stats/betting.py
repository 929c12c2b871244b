"""The betting bound: exact for the mean of any bounded contrast, with any number of clusters.

Bets against "the mean is at least (or at most) the margin" have a fair expectation at the margin,
so that their wealth is 1 / alpha or more with a chance of at most alpha (Ville 1939). Twenty fixed
bets share the capital (Robbins 1970; Waudby-Smith & Ramdas 2024).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.special import logsumexp

from ipllvm.records import Contrast
from ipllvm.stats.clusters import cluster_sums

if TYPE_CHECKING:
    from jaxtyping import Float

_LARGEST_BET = 0.95
_BETS = np.geomspace(0.01, _LARGEST_BET, 20)[:, None]
_SLACK = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class BettingTest:
    """Bounds and p-values from the wealth after the last cluster, whose order then does not matter.

    `totals` and `sizes` are the clusters' sums (in units of `bound`) and sizes over the largest
    size, so many `times`. Methods take and return scores, not points.

    >>> quiet = Contrast("drop", np.zeros(300), tuple(str(i) for i in range(300)))
    >>> [round(x, 3) for x in BettingTest.of(quiet).interval(0.05)]
    [-0.019, 0.019]
    """

    totals: "Float[np.ndarray, 'clusters']"
    sizes: "Float[np.ndarray, 'clusters']"
    bound: float
    times: float = 1.0

    @classmethod
    def of(cls, contrast: Contrast) -> "BettingTest":
        """The test of `contrast`; raises ValueError where a value isn't finite or exceeds the bound."""
        totals, sizes = cluster_sums(contrast)
        largest = sizes.max(initial=1)
        return cls(totals / (contrast.bound * largest), sizes / largest, contrast.bound)

    @property
    def method(self) -> str:
        """Its name in a report."""
        return "betting bound"

    @property
    def too_little(self) -> bool:
        """Whether there are fewer than two clusters, which decides nothing."""
        return len(self.sizes) < 2

    @property
    def own_error(self) -> None:
        """None: the score test's standard error is as good."""

    def grown(self, times: float) -> "BettingTest":
        """The test of so many times as many clusters like these: every bet is made as often."""
        return replace(self, times=times * self.times)

    def at_floor(self, p: float, margin: float) -> bool:
        """Never said of it."""
        return False

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Bounds of the mean, each valid at 1 - `alpha` on its own side."""
        if self.too_little:
            return -self.bound, self.bound
        low = -self.bound * highest(lambda theta: self._log_evidence(theta, -1), alpha)
        high = self.bound * highest(lambda theta: self._log_evidence(theta, 1), alpha)
        return low, high

    def p_holds(self, margin: float) -> float:
        """The one-sided p-value behind "the mean is at most `margin`"; small means it holds."""
        return self._p(margin, 1)

    def p_violated(self, margin: float) -> float:
        """The one-sided p-value behind "the mean exceeds `margin`"; small means it does."""
        return self._p(margin, -1)

    def _p(self, margin: float, side: int) -> float:
        if self.too_little:
            return 1.0
        return p_value(self._log_evidence(side * margin / self.bound, side))

    def _log_evidence(self, theta: float, side: int) -> float:
        return float(log_evidence(side * self.totals, self.sizes, theta, times=self.times)[-1])


def log_evidence(
    totals: "Float[np.ndarray, 'clusters']",
    sizes: "Float[np.ndarray, 'clusters']",
    theta: float,
    planned: int | None = None,
    times: float = 1.0,
) -> "Float[np.ndarray, 'clusters']":
    """The log wealth after each cluster of bets that the mean is below `theta`; it rises with `theta`.

    Every size is in [0, 1] and every total at most its size in magnitude; the mean is the ratio
    of their sums. With `planned` the mean is that of so many clusters, seen without replacement,
    instead of the population's: infinite as soon as no rest could lift it to `theta`. Without it every
    cluster may stand for so many `times` ones.
    """
    if theta >= 1:
        return np.full(len(totals), np.inf)
    steps, most = totals - theta * sizes, 1 - theta
    if planned is None:
        return _shared_wealth(_BETS / most * steps, times)
    left = planned - np.arange(len(steps))
    reach = most * (left - 1) + np.cumsum(steps)
    worst = np.concatenate([[most * planned], reach])[:-1] / left
    # Never more than the largest bet on what the next cluster can take from us.
    cap = np.divide(_LARGEST_BET, worst, out=np.full(len(worst), np.inf), where=worst > 0)
    wealth = _shared_wealth(np.minimum(_BETS / most, cap) * (steps - most + worst))
    return np.where(reach < -_SLACK, np.inf, wealth)


def p_value(log_wealth: float) -> float:
    """The p-value of a log wealth, in [0, 1].

    >>> round(p_value(math.log(20)), 3), p_value(-3.0), p_value(math.inf)
    (0.05, 1.0, 0.0)
    """
    return math.exp(-max(log_wealth, 0.0))


def highest(evidence: Callable[[float], float], alpha: float) -> float:
    """The largest mean in [-1, 1] that the rising log `evidence` against it leaves possible."""
    needed = -math.log(alpha)

    def gap(theta: float) -> float:
        # The arctangent keeps an infinite wealth finite and moves no root.
        return math.atan(evidence(theta) - needed)

    last = 1 - _SLACK
    return float(brentq(gap, -1.0, last, xtol=1e-13)) if gap(last) > 0 else 1.0


def _shared_wealth(
    losses: "Float[np.ndarray, 'bets clusters']", times: float = 1.0
) -> "Float[np.ndarray, 'clusters']":
    """Log of the mean over the bets of the running products of 1 - loss, each so many `times`."""
    logs = times * np.cumsum(np.log1p(-losses), axis=1)
    return np.asarray(logsumexp(logs, axis=0)) - math.log(len(losses))
