"""Pair accuracy: a pair counts only when both of its samples are right (MMVP, Tong et al. 2024)."""

import numpy as np

from ipllvm.records import Contrast, Scores


def pairs(scores: Scores, size: int = 2) -> Contrast:
    """One value in [0, 1] a pair: the share of draws in which all its samples score 1.

    Clusters with other than `size` samples (a subset may have cut one) are no pairs and are left
    out. Pairs with an error in any draw are left out too and counted in `n_error`.
    """
    rows: dict[str, list[int]] = {}
    for index, cluster in enumerate(scores.clusters):
        rows.setdefault(cluster, []).append(index)
    whole = {cluster: scores.values[index] for cluster, index in rows.items() if len(index) == size}
    answered = {cluster: block for cluster, block in whole.items() if not np.isnan(block).any()}
    values = np.array([np.all(block == 1.0, axis=0).mean() for block in answered.values()], float)
    draws, errors = scores.values.shape[1], len(whole) - len(answered)
    return Contrast("pair_accuracy", values, tuple(answered), 1.0, 1.0 / draws, draws, errors)


def pair_accuracy(scores: Scores, size: int = 2) -> float | None:
    """The share of pairs with all samples right, 0 to 1; None where no pair was measured."""
    values = pairs(scores, size).values
    return float(values.mean()) if len(values) else None
