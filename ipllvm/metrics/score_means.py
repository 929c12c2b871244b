"""Scores of a perturbation by sample: means over draws, where they may lie, their clusters and steps."""

from collections.abc import Collection
from math import lcm
from typing import TYPE_CHECKING

import numpy as np

from ipllvm.records import Scores

if TYPE_CHECKING:
    from jaxtyping import Float


def clusters_of(samples: Collection[str], *tables: Scores) -> tuple[str, ...]:
    """The cluster of each of these samples, by any of the tables that has it; as sorted by id."""
    cluster_of = {
        sample: cluster
        for scores in tables
        for sample, cluster in zip(scores.samples, scores.clusters, strict=True)
        if sample in samples
    }
    return tuple(cluster_of[sample] for sample in sorted(cluster_of))


def ranges(scores: Scores, samples: Collection[str] | None = None) -> dict[str, tuple[float, float]]:
    """Where the mean over draws of each sample may lie, by id: a draw that failed could have any score.

    Of the samples with an error, or of those asked for; one that was not measured at all may be anywhere.
    """
    if samples is not None and not samples:
        return {}
    low, high = (np.nan_to_num(scores.values, nan=end).mean(1) for end in (0.0, 1.0))
    known = {sample: (float(a), float(b)) for sample, a, b in zip(scores.samples, low, high, strict=True)}
    if samples is None:
        return {sample: span for sample, span in known.items() if span[0] < span[1]}
    return {sample: known.get(sample, (0.0, 1.0)) for sample in samples}


def score_means(scores: Scores) -> dict[str, tuple[str, float]]:
    """Cluster and mean over draws of every sample without an error, by id in order."""
    _check(scores)
    rows = zip(scores.samples, scores.clusters, scores.values.mean(1).tolist(), strict=True)
    return {sample: (cluster, mean) for sample, cluster, mean in rows if mean == mean}  # NaN is an error


def lattice(*tables: "Float[np.ndarray, 'samples draws']") -> float:
    """The step of a difference of draw means: 1/K for scores of 0 and 1, 0 for graded ones."""
    for table in tables:
        if not np.isin(table[~np.isnan(table)], (0.0, 1.0)).all():
            return 0.0
    return 1 / lcm(*(table.shape[1] for table in tables))


def _check(scores: Scores) -> None:
    if scores.values.ndim != 2 or scores.values.shape[1] == 0:
        raise ValueError(f"{scores.perturbation}: scores must be [samples, draws], with at least one draw")
    if not len(scores.samples) == len(scores.clusters) == len(scores.values):
        raise ValueError(f"{scores.perturbation}: samples, clusters and scores differ in number")
    if len(set(scores.samples)) != len(scores.samples):
        raise ValueError(f"{scores.perturbation}: a sample id repeats")
    known = scores.values[~np.isnan(scores.values)]
    if ((known < 0) | (known > 1)).any():
        raise ValueError(f"{scores.perturbation}: a score is outside [0, 1]")
