"""The ratio of two paired means with its Fieller set (Fieller 1954), for display.

The set holds every r for which the mean of a - r b may be 0 by the cluster t. It is an interval
only where the denominator is clearly not 0.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from ipllvm.records import Contrast
from ipllvm.stats.choice import INDISTINCT, distinct
from ipllvm.stats.clusters import cluster_sums, deviations
from ipllvm.stats.missing import at_worst


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of means; `value` is None if the denominator can't be told from 0, `interval` if unbounded."""

    value: float | None
    interval: tuple[float, float] | None

    def __str__(self) -> str:
        """As a report shows it."""
        if self.value is None:
            return f"undefined: {INDISTINCT}"
        span = "unbounded" if self.interval is None else f"{self.interval[0]:.2f}, {self.interval[1]:.2f}"
        return f"{self.value:.2f} [{span}]"


def ratio(above: Contrast, below: Contrast, alpha: float = 0.05) -> Ratio:
    """mean(above) / mean(below), each bound at 1 - `alpha`; the same samples in the same order.

    What failed is left out of the value and at its worst in either bound. Raises ValueError where the two
    disagree in their clusters.
    """
    if above.clusters != below.clusters:
        raise ValueError(f"{above.name} and {below.name} are not of the same samples")
    if not distinct(below, alpha):
        return Ratio(None, None)
    a, b = float(np.mean(above.values)), float(np.mean(below.values))
    ends = (-1, 1) if above.n_error else (1,)
    found = [_interval(at_worst(above, up), at_worst(below, down), alpha) for up in ends for down in ends]
    bounded = [each for each in found if each is not None]
    bounds = (min(low for low, _ in bounded), max(high for _, high in bounded)) if bounded == found else None
    return Ratio(a / b, bounds)


def _interval(above: Contrast, below: Contrast, alpha: float) -> tuple[float, float] | None:
    """The roots of (a - r b)^2 = t^2 var(a - r b), a quadratic in r."""
    a, b = float(np.mean(above.values)), float(np.mean(below.values))
    off_a, off_b = deviations(*cluster_sums(above)), deviations(*cluster_sums(below))
    groups, n = len(off_a), len(above.values)
    factor = float(stdtrit(groups - 1, 1 - alpha)) ** 2 * groups / (groups - 1) / n**2
    square = b * b - factor * float(off_b @ off_b)
    middle = a * b - factor * float(off_a @ off_b)
    rest = a * a - factor * float(off_a @ off_a)
    if square <= 0:
        return None
    root = math.sqrt(max(middle * middle - square * rest, 0.0))
    return (middle - root) / square, (middle + root) / square
