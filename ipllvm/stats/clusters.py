"""Clusters of a contrast: their sums, sizes and how many of them carry information."""

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ipllvm.records import Contrast

if TYPE_CHECKING:
    from jaxtyping import Float, Int

_SLACK = 1e-9


def cluster_sums(
    contrast: Contrast,
) -> "tuple[Float[np.ndarray, 'clusters'], Int[np.ndarray, 'clusters']]":
    """Sum and size of every cluster, in scores; raises ValueError on values out of bounds.

    >>> totals, sizes = cluster_sums(Contrast("drop", np.array([1.0, -1.0, 1.0]), ("a", "a", "b")))
    >>> totals.tolist(), sizes.tolist()
    ([0.0, 1.0], [2, 1])
    """
    values = np.asarray(contrast.values, dtype=float)
    if len(values) != len(contrast.clusters):
        raise ValueError(f"{contrast.name}: {len(values)} values in {len(contrast.clusters)} clusters")
    if not np.all(np.abs(values) <= contrast.bound + _SLACK):
        raise ValueError(f"{contrast.name}: a value is not a number in [-{contrast.bound}, {contrast.bound}]")
    index = _index(tuple(contrast.clusters))
    return np.bincount(index, weights=values), np.bincount(index)


@lru_cache(maxsize=64)
def _index(clusters: tuple[str, ...]) -> "Int[np.ndarray, 'samples']":
    """The number of each sample's cluster, which several tests of one contrast ask for."""
    index: np.ndarray = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)[1]
    return index


def deviations(
    totals: "Float[np.ndarray, 'clusters']", sizes: "Int[np.ndarray, 'clusters']"
) -> "Float[np.ndarray, 'clusters']":
    """What every cluster adds to the sum beyond its share of it; they add up to 0."""
    own: np.ndarray = totals - totals.sum() / sizes.sum() * sizes
    return own


def spread(totals: "Float[np.ndarray, 'clusters']", sizes: "Int[np.ndarray, 'clusters']") -> float:
    """Variance of the sum over all clusters, estimated from between them; 0 for fewer than two.

    >>> round(spread(np.array([1.0, 2.0, 3.0]), np.array([1, 1, 1])), 9), spread(np.ones(1), np.ones(1, int))
    (3.0, 0.0)
    """
    groups = len(sizes)
    return float(np.sum(deviations(totals, sizes) ** 2)) * groups / (groups - 1) if groups > 1 else 0.0


def effective_clusters(contrast: Contrast) -> float:
    """Effective number of clusters that carry information, in [0, clusters]; 0 for no value.

    The inverse participation of the clusters' deviations, as in the degrees of freedom of
    Satterthwaite 1946: about the number of changed samples where changes are rare.
    """
    if len(contrast.values) == 0:
        return 0.0
    totals, sizes = cluster_sums(contrast)
    squares = deviations(totals, sizes) ** 2
    power = float(np.sum(squares**2))
    return float(squares.sum()) ** 2 / power if power > 0 else 0.0


def independent(sizes: "Int[np.ndarray, 'clusters']") -> float:
    """As many clusters of one size as these are worth (Kish 1965): a giant and many singles are few.

    >>> independent(np.array([2, 2, 2])), round(independent(np.array([750] + [1] * 750)), 3)
    (3.0, 3.995)
    """
    return float(np.sum(sizes)) ** 2 / float(np.sum(sizes**2)) if np.sum(sizes) > 0 else 0.0


def mean_size(sizes: "Int[np.ndarray, 'clusters']") -> float:
    """Mean cluster size as a sample sees it: sum of squares over sum; 1 where there is none.

    >>> mean_size(np.array([1, 3]))
    2.5
    """
    return float(np.sum(sizes**2) / np.sum(sizes)) if np.sum(sizes) > 0 else 1.0
