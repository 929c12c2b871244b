"""The best of K draws without the luck of choosing it: each half of the clusters has the other's choice.

The largest of K means exceeds what that draw would have on other samples. Chosen on one half of the
clusters and read off the other, both ways, it does not (cross-fitting, Chernozhukov et al. 2018).
"""

from collections.abc import Sequence

import numpy as np

from ipllvm.records import Scores


def halves(clusters: Sequence[str], rng: np.random.Generator) -> frozenset[str]:
    """The clusters of the first of two halves, dealt at random.

    >>> len(halves(["a", "b", "b", "c", "d"], np.random.default_rng(0)))
    2
    """
    names = sorted(set(clusters))
    return frozenset(names[place] for place in rng.permutation(len(names))[: len(names) // 2])


def cross_fitted(scores: Scores, first: frozenset[str]) -> Scores:
    """Scores of one draw: in each half of the clusters that which scores best on the other half.

    Samples with an error choose nothing and stay errors; of equal draws the first is taken, also where
    a half has no samples.
    """
    failed = np.isnan(scores.values).any(1)
    inside = np.array([cluster in first for cluster in scores.clusters], dtype=bool)
    values = np.full(len(scores.values), np.nan)
    for half in (inside, ~inside):
        values[half] = scores.values[half, _best(scores.values[~half & ~failed])]
    values[failed] = np.nan
    return Scores(scores.perturbation, scores.samples, scores.clusters, values[:, None], scores.errors)


def _best(rows: np.ndarray) -> int:
    return int(rows.mean(0).argmax()) if len(rows) else 0
