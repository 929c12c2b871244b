"""Tango's score statistic of a mean of differences: of a run, and of runs that are better or worse than it.

Tango 1998, with the sample size divided by a design effect (Rao & Scott 1992, Korn & Graubard 1998), so that
samples of one image count as what they are worth.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float, Int


@dataclass(frozen=True, slots=True, eq=False)
class Stratum:
    """Clusters of one set of samples: what they lost and gained, in units of the bound, and their sizes.

    `most` is what a sample can lose or gain, of each cluster in the mean or of all alike.
    """

    lost: "Float[np.ndarray, 'clusters']"
    gained: "Float[np.ndarray, 'clusters']"
    sizes: "Int[np.ndarray, 'clusters']"
    most: "Float[np.ndarray, 'clusters'] | float" = 1.0

    @property
    def totals(self) -> "Float[np.ndarray, 'clusters']":
        """What each lost, less what it gained."""
        return np.asarray(self.lost - self.gained)

    @property
    def turned(self) -> "Stratum":
        """The same with what was lost for what was gained."""
        return replace(self, lost=self.gained, gained=self.lost)

    @property
    def unlost(self) -> "Stratum":
        """The same without a loss."""
        return replace(self, lost=np.zeros(len(self.lost)))

    @property
    def won(self) -> "Stratum":
        """The same clusters, each of which gained all that it can."""
        return replace(self.unlost, gained=np.asarray(self.most * self.sizes))


@dataclass(frozen=True, slots=True, eq=False)
class Nested:
    """Runs, each of which differs from the one before in one cluster.

    Each has a mean, the means of its losses `lost` and of its gains `gained`, a design effect `deff` and the
    sample size `effective` divided by it; `step` is that of a score. In units of the bound.
    """

    mean: "Float[np.ndarray, 'runs']"
    lost: "Float[np.ndarray, 'runs']"
    gained: "Float[np.ndarray, 'runs']"
    deff: "Float[np.ndarray, 'runs']"
    effective: "Float[np.ndarray, 'runs']"
    step: float

    @classmethod
    def of(cls, strata: Sequence[Stratum], step: float) -> "Nested":
        """A run without a loss, with those of the cluster that lost least, and so on up to the run itself."""
        losses = np.concatenate([each.lost for each in strata])
        order = np.argsort(losses, kind="stable")[int(np.count_nonzero(losses <= 0)) :]
        return _changed([each.unlost for each in strata], strata, order, step)

    @classmethod
    def better(cls, strata: Sequence[Stratum], step: float) -> "Nested":
        """The run itself, with one cluster that gained all, and so on: the largest and best ones first."""
        sizes, totals = (np.concatenate([getattr(s, part) for s in strata]) for part in ("sizes", "totals"))
        return _changed(strata, [each.won for each in strata], np.lexsort((totals, -sizes)), step)

    def only(self, runs: slice) -> "Nested":
        """Some of the runs."""
        return replace(
            self,
            mean=self.mean[runs],
            lost=self.lost[runs],
            gained=self.gained[runs],
            deff=self.deff[runs],
            effective=self.effective[runs],
        )

    def beside(self, other: "Nested") -> "Nested":
        """These runs and others."""
        return replace(
            self,
            mean=np.append(self.mean, other.mean),
            lost=np.append(self.lost, other.lost),
            gained=np.append(self.gained, other.gained),
            deff=np.append(self.deff, other.deff),
            effective=np.append(self.effective, other.effective),
        )

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


def _changed(
    before: Sequence[Stratum], after: Sequence[Stratum], order: "Int[np.ndarray, 'changed']", step: float
) -> Nested:
    """The runs between two, clusters changing in `order`; the spread is that inside the sets."""
    n = max(sum(int(each.sizes.sum()) for each in before), 1)
    where = np.repeat(np.arange(len(before)), [len(each.lost) for each in before])
    around = sum(
        _spreads(old, new, order - start, where[order] == place)
        for place, (old, new, start) in enumerate(zip(before, after, _starts(before), strict=True))
    )
    largest = max(int(each.sizes.max(initial=1)) for each in before)
    lost, gained = (_so_far(_all(before, part), _all(after, part), order) / n for part in ("lost", "gained"))
    mean = lost - gained
    # One pseudo-discordance at the worst correlation: few flips can't claim a tiny design effect.
    deff = (around + largest) / (n * (lost + gained - mean**2) + 1)
    return Nested(mean, lost, gained, deff, n / deff, step)


def _all(strata: Sequence[Stratum], part: str) -> "Float[np.ndarray, 'clusters']":
    """One of the numbers of a cluster, of all sets."""
    return np.concatenate([getattr(each, part) for each in strata])


def _so_far(
    before: "Float[np.ndarray, 'clusters']",
    after: "Float[np.ndarray, 'clusters']",
    order: "Int[np.ndarray, 'changed']",
) -> "Float[np.ndarray, 'runs']":
    """The sum over clusters in each run, one changing after the other."""
    return np.cumsum(np.concatenate(([before.sum()], (after - before)[order])))


def _starts(strata: Sequence[Stratum]) -> "Int[np.ndarray, 'strata']":
    """The place of each set's first cluster among those of all."""
    return np.concatenate(([0], np.cumsum([len(each.lost) for each in strata])))[:-1]


def _spreads(
    before: Stratum, after: Stratum, order: "Int[np.ndarray, 'changed']", own: "Float[np.ndarray, 'changed']"
) -> "Float[np.ndarray, 'runs']":
    """Variance of a set's sum in each run, from between its clusters; 0 for fewer than two.

    `order` are the clusters that change, of all sets, of which `own` are this set's.
    """
    sizes, groups = before.sizes.astype(float), len(before.sizes)
    if groups < 2:
        return np.zeros(len(order) + 1)
    n, old, come = sizes.sum(), before.totals, order[own]
    now, then, size = after.totals[come], old[come], sizes[come]
    sums = np.zeros((3, len(order) + 1))
    sums[:, 0] = old.sum(), old @ old, old @ sizes
    sums[:, 1:][:, own] = now - then, now**2 - then**2, (now - then) * size
    total, squares, products = np.cumsum(sums, axis=1)
    mean = total / n
    spread = squares - 2 * mean * products + mean**2 * (sizes @ sizes)
    return np.asarray(np.maximum(spread, 0.0) * groups / (groups - 1))
