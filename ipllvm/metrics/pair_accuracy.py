"""Pair accuracy: a pair counts only when both of its samples are right (MMVP, Tong et al. 2024)."""

import numpy as np

from ipllvm.records import Scores


def pair_scores(scores: Scores, size: int = 2) -> Scores:
    """The pairs as samples of their own: 1 in a draw where all samples of the pair score 1, else 0.

    Clusters with other than `size` samples (a subset may have cut one) are no pairs and are left
    out. A pair with a sample that failed is NaN and carries its error.
    """
    rows: dict[str, list[int]] = {}
    for index, cluster in enumerate(scores.clusters):
        rows.setdefault(cluster, []).append(index)
    whole = {cluster: index for cluster, index in rows.items() if len(index) == size}
    blocks = [scores.values[index] for index in whole.values()]
    right = [np.where(np.isnan(block).any(0), np.nan, (block == 1.0).all(0)) for block in blocks]
    names = {cluster: [scores.samples[i] for i in index] for cluster, index in whole.items()}
    failed = {c: scores.errors[n] for c, samples in names.items() for n in samples if n in scores.errors}
    values = np.array(right, float).reshape(len(whole), scores.values.shape[1])
    return Scores(scores.perturbation, tuple(whole), tuple(whole), values, failed)
