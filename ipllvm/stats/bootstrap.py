"""The cluster bootstrap: an interval to show beside the one that decides."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from ipllvm.records import Contrast
from ipllvm.stats.clusters import cluster_sums, effective_clusters

if TYPE_CHECKING:
    from jaxtyping import Float, Int

_MIN_CLUSTERS = 20
_MIN_INFORMATION = 10


def bootstrap_interval(
    contrast: Contrast, rng: np.random.Generator, alpha: float = 0.05, replicates: int = 9999
) -> tuple[float, float] | None:
    """Bias-corrected and accelerated bounds of the mean in scores, `alpha` on each side.

    Clusters are drawn with replacement and the statistic is a ratio of sums (Efron 1987, with the
    delete-one-cluster jackknife for the acceleration). Clusters that are alike are drawn together, by the
    same law: 0/1 answers know few kinds. For display only: it decides nothing.
    None with fewer than 20 clusters, fewer than 10 that carry information, clusters that are not independent,
    or equal (or no) replicates.
    """
    if (
        not replicates
        or contrast.shared > 1
        or len(set(contrast.clusters)) < _MIN_CLUSTERS
        or effective_clusters(contrast) < _MIN_INFORMATION
    ):
        return None
    totals, sizes = cluster_sums(contrast)
    kinds, shares = _kinds(totals, sizes)
    weights = rng.multinomial(len(sizes), shares, size=replicates)  # [replicates, kinds]
    means = (weights @ totals[kinds]) / (weights @ sizes[kinds])
    observed = float(totals.sum() / sizes.sum())
    below = float(np.mean(means < observed) + np.mean(means == observed) / 2)
    if np.ptp(means) == 0 or not 0 < below < 1:
        return None
    levels = _levels(below, _acceleration(totals, sizes), alpha)
    low, high = np.quantile(means, levels)
    return float(low), float(high)


def _kinds(
    totals: "Float[np.ndarray, 'clusters']", sizes: "Int[np.ndarray, 'clusters']"
) -> "tuple[Int[np.ndarray, 'kinds'], Float[np.ndarray, 'kinds']]":
    """The first cluster of each kind, in their order, and the share of the clusters that are alike.

    >>> kinds, shares = _kinds(np.array([1.0, 0.0, 1.0, 1.0]), np.array([2, 1, 2, 1]))
    >>> kinds.tolist(), shares.tolist()
    ([0, 1, 3], [0.5, 0.25, 0.25])
    """
    _, first, alike = np.unique(
        np.column_stack([totals, sizes]), axis=0, return_index=True, return_counts=True
    )
    order = np.argsort(first)
    return first[order], alike[order] / len(sizes)


def _acceleration(totals: "Float[np.ndarray, 'clusters']", sizes: "Float[np.ndarray, 'clusters']") -> float:
    """Skewness of the mean with one cluster left out at a time, over six; they must not all be alike."""
    left_out = (totals.sum() - totals) / (sizes.sum() - sizes)
    pull = left_out.mean() - left_out
    return float(np.sum(pull**3) / (6 * np.sum(pull**2) ** 1.5))


def _levels(below: float, acceleration: float, alpha: float) -> tuple[float, float]:
    """Quantile levels of the replicates that stand for `alpha` and 1 - `alpha`."""
    bias = float(ndtri(below))

    def level(nominal: float) -> float:
        shift = bias + float(ndtri(nominal))
        return float(ndtr(bias + shift / (1 - acceleration * shift)))

    return level(alpha), level(1 - alpha)
