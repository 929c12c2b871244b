"""Draws shared by all samples: the variance over samples and over draws at once.

Where one permutation, mask or strength is drawn for all samples, clusters alone miss what the draw
does to all of them. Two-way variance as in Cameron, Gelbach & Miller 2011 and Owen 2007.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ipllvm.records import Contrast
from ipllvm.stats.dirichlet import Totals
from ipllvm.stats.student import StudentTest, enough

if TYPE_CHECKING:
    from jaxtyping import Float

METHOD = "t over clusters and draws"
FEWEST_DRAWS = 10
"""Random draws below which nothing is decided about draws like them."""


@dataclass(frozen=True, slots=True)
class TwoWay:
    """A mean with the variances of clusters, of draws and of both; `df` as Satterthwaite 1946."""

    mean: float
    clusters: float
    draws: float
    both: float
    df: float

    @property
    def variance(self) -> float:
        """Of the mean, for clusters and draws like these; never below that of the clusters alone."""
        return max(self.clusters + self.draws - self.both, self.clusters)


def two_way(table: "Float[np.ndarray, 'samples draws']", clusters: Sequence[str]) -> TwoWay:
    """The mean of a contrast by sample and draw; raises ValueError with fewer than two of either.

    >>> found = two_way(np.array([[0, 0.5], [0.5, 1], [0, 0], [0.5, 0.5]]), list("abcd"))
    >>> round(found.mean, 3), round(found.variance, 7), round(found.df, 3)
    (0.375, 0.0364583, 2.827)
    """
    names, index = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
    groups, (n, draws) = len(names), table.shape
    if groups < 2 or draws < 2:
        raise ValueError(f"{groups} clusters and {draws} draws: two of each are needed")
    mean = float(table.mean())
    totals = np.stack([np.bincount(index, weights=column) for column in table.T], axis=1)
    off = (totals - mean * np.bincount(index)[:, None]) * groups / n
    rows, columns = off.mean(1), off.mean(0)
    rest = off - rows[:, None] - columns
    by_clusters = float(np.square(rows).sum()) / (groups * (groups - 1))
    by_draws = float(np.square(columns).sum()) / (draws * (draws - 1))
    both = float(np.square(rest).sum()) / ((groups - 1) * (draws - 1) * groups * draws)
    found = TwoWay(mean, by_clusters, by_draws, both, 0.0)
    smaller = by_clusters**2 / (groups - 1) + by_draws**2 / (draws - 1)
    df = found.variance**2 / smaller if smaller > 0 else 0.0
    return TwoWay(mean, by_clusters, by_draws, both, df)


def across(contrast: Contrast) -> StudentTest:
    """The t test of a contrast that has its values by draw; with fewer than ten draws nothing is decided."""
    assert contrast.crossed is not None, "chosen by that"
    table = contrast.crossed
    if len(set(contrast.clusters)) < 2 or table.shape[1] < FEWEST_DRAWS:
        return StudentTest.undecided(contrast.bound, METHOD)
    return crossed(table, contrast.clusters, contrast.bound)


def crossed(
    table: "Float[np.ndarray, 'samples draws']", clusters: Sequence[str], bound: float = 1.0
) -> StudentTest:
    """The t test of the mean for draws like these, in place of "for these draws".

    No p-value is below the Dirichlet bound of the draws' own means, with a whole worst draw: of strengths
    one in five of which is strong none may be among ten. Needs as many clusters and as much information as
    any t over clusters; else, and where nothing varies, it decides nothing. Raises ValueError as `two_way`
    does.
    """
    found = two_way(table, clusters)
    by_sample = Contrast("mean of draws", table.mean(1), tuple(clusters), bound)
    df = found.df if enough(by_sample) else 0.0
    drawn = Totals.of(table.mean(0) / bound, np.ones(table.shape[1]))
    return StudentTest(found.mean, math.sqrt(found.variance), df, bound, METHOD, drawn, worst=1.0)
