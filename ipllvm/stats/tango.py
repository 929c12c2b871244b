"""Tango's score statistic of a mean of differences: of a run, and of the same run with fewer losses.

Tango 1998, with the sample size divided by a design effect (Rao & Scott 1992, Korn & Graubard 1998), so that
samples of one image count as what they are worth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float, Int


@dataclass(frozen=True, slots=True, eq=False)
class Stratum:
    """Clusters of one set of samples: what they lost and gained, in units of the bound, and their sizes."""

    lost: "Float[np.ndarray, 'clusters']"
    gained: "Float[np.ndarray, 'clusters']"
    sizes: "Int[np.ndarray, 'clusters']"


@dataclass(frozen=True, slots=True, eq=False)
class Nested:
    """A run without a loss, with those of the cluster that lost least, and so on; the last is the run itself.

    Each has a mean, the mean of its losses `lost`, a design effect `deff` and the sample size `effective`
    divided by it; `gained` is the mean of the gains of all. In units of the bound.
    """

    mean: "Float[np.ndarray, 'runs']"
    lost: "Float[np.ndarray, 'runs']"
    gained: float
    deff: "Float[np.ndarray, 'runs']"
    effective: "Float[np.ndarray, 'runs']"
    step: float

    @classmethod
    def of(cls, strata: Sequence[Stratum], step: float) -> "Nested":
        """The nested runs of sets of clusters; the spread is that inside the sets, `step` that of a score."""
        n = max(sum(int(each.sizes.sum()) for each in strata), 1)
        losses = np.concatenate([each.lost for each in strata])
        order = np.argsort(losses, kind="stable")[int(np.count_nonzero(losses <= 0)) :]
        where = np.repeat(np.arange(len(strata)), [len(each.lost) for each in strata])
        around = sum(
            _spreads(each, order - start, where[order] == place)
            for place, (each, start) in enumerate(zip(strata, _starts(strata), strict=True))
        )
        largest = max(int(each.sizes.max(initial=1)) for each in strata)
        lost = np.concatenate(([0.0], np.cumsum(losses[order]))) / n
        gained = sum(float(each.gained.sum()) for each in strata) / n
        mean = lost - gained
        # One pseudo-discordance at the worst correlation: few flips can't claim a tiny design effect.
        deff = (around + largest) / (n * (lost + gained - mean**2) + 1)
        return cls(mean, lost, gained, deff, n / deff, step)

    def variance(self, t: float) -> "Float[np.ndarray, 'runs']":
        """Variance of the summed differences under a true mean of `t`."""
        n, b, c = self.effective, self.lost, self.gained
        first = 2 * n
        second = -n * b - n * c + (2 * n - n * b + n * c) * t
        third = -n * c * t * (1 - t)
        root = np.sqrt(np.maximum(second**2 - 4 * first * third, 0.0))
        q = np.maximum((root - second) / (2 * first), max(0.0, -t))
        return np.asarray(n * (2 * q + t * (1 - t)))

    def statistic(self, t: float) -> "Float[np.ndarray, 'runs']":
        """Z for a true mean of `t`, corrected for the steps of the scores; infinite where nothing varies."""
        distance = self.effective * (self.mean - t)
        size = np.maximum(np.abs(distance) - self.step / (2 * self.deff), 0.0)
        root = np.sqrt(np.maximum(self.variance(t), 0.0))
        steps = np.divide(size, root, out=np.full(len(size), np.inf), where=root > 0)
        return np.asarray(np.where(size == 0, 0.0, np.copysign(steps, distance)))


def _starts(strata: Sequence[Stratum]) -> "Int[np.ndarray, 'strata']":
    """The place of each set's first cluster among those of all."""
    return np.concatenate(([0], np.cumsum([len(each.lost) for each in strata])))[:-1]


def _spreads(
    stratum: Stratum, order: "Int[np.ndarray, 'losing']", own: "Float[np.ndarray, 'losing']"
) -> "Float[np.ndarray, 'runs']":
    """Variance of a set's sum in each nested run, from between its clusters; 0 for fewer than two.

    `order` are the clusters that lose, of all sets, as they come in, of which `own` are this set's.
    """
    sizes, groups = stratum.sizes.astype(float), len(stratum.sizes)
    if groups < 2:
        return np.zeros(len(order) + 1)
    n, quiet = sizes.sum(), -stratum.gained
    come = order[own]
    lost, before, size = stratum.lost[come], quiet[come], sizes[come]
    sums = np.zeros((3, len(order) + 1))
    sums[:, 0] = quiet.sum(), quiet @ quiet, quiet @ sizes
    sums[:, 1:][:, own] = lost, (before + lost) ** 2 - before**2, lost * size
    total, squares, products = np.cumsum(sums, axis=1)
    mean = total / n
    spread = squares - 2 * mean * products + mean**2 * (sizes @ sizes)
    return np.asarray(np.maximum(spread, 0.0) * groups / (groups - 1))
