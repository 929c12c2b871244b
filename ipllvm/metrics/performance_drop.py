"""What a perturbation costs: clean minus perturbed score, paired by sample."""

from collections.abc import Collection, Mapping
from math import lcm
from typing import TYPE_CHECKING

import numpy as np

from ipllvm.records import Contrast, Scores

if TYPE_CHECKING:
    from jaxtyping import Float

# Sums of the same scores in another order differ in the last bits; that is no change of a score.
_DECIMALS = 12


def performance_drop(clean: Scores, perturbed: Scores) -> Contrast:
    """Clean score minus the mean over the draws of the perturbed one, per sample, in [-1, 1].

    Positive is a loss. Samples with an error in any draw of either are left out and counted in
    `n_error`; samples that only one side has (a run that was stopped, a question that is not asked
    in the other way) are left out, failed ones too. Raises ValueError where ids repeat, clusters
    disagree or a score is outside [0, 1].
    """
    return _difference("performance_drop", clean, perturbed)


def gain(clean: Scores, blank: Scores) -> Contrast:
    """Clean score minus the score with the image blanked, per sample: what seeing is worth.

    Errors and pairing as in `performance_drop`.
    """
    return _difference("gain", clean, blank)


def score(scores: Scores) -> Contrast:
    """The score itself, meaned over draws, per sample, in [0, 1]; samples with an error left out."""
    means = score_means(scores)
    return Contrast(
        name=scores.perturbation,
        values=np.array([mean for _, mean in means.values()], dtype=float),
        clusters=tuple(cluster for cluster, _ in means.values()),
        lattice=_lattice(scores.values),
        draws=scores.values.shape[1],
        n_error=len(scores.samples) - len(means),
        samples=tuple(means),
        unknown=total_range(ranges(scores)),
        failed=clusters_of(set(scores.samples) - set(means), scores),
        signed=False,
        shared=scores.shared,
    )


def _difference(name: str, first: Scores, second: Scores) -> Contrast:
    left, right = score_means(first), score_means(second)
    ids = [sample for sample in left if sample in right]
    for sample in ids:
        if left[sample][0] != right[sample][0]:
            raise ValueError(f"sample {sample} is in two clusters: {left[sample][0]}, {right[sample][0]}")
    values = np.array([left[sample][1] - right[sample][1] for sample in ids], dtype=float)
    failed = {*ranges(first), *ranges(second)} & set(first.samples) & set(second.samples)
    above, below = (total_range(ranges(side, failed)) for side in (first, second))
    return Contrast(
        name=name,
        values=np.round(values, _DECIMALS),
        clusters=tuple(left[sample][0] for sample in ids),
        lattice=_lattice(first.values, second.values),
        draws=second.values.shape[1],
        n_error=len(failed),
        samples=tuple(ids),
        unknown=(above[0] - below[1], above[1] - below[0]),
        failed=clusters_of(failed, first, second),
        shared=max(first.shared, second.shared),
    )


def clusters_of(samples: Collection[str], *tables: Scores) -> tuple[str, ...]:
    """The cluster of each of these samples, by any of the tables that has it; as sorted by id."""
    cluster_of = {
        sample: cluster
        for scores in tables
        for sample, cluster in zip(scores.samples, scores.clusters, strict=True)
        if sample in samples
    }
    return tuple(cluster_of[sample] for sample in sorted(cluster_of))


def total_range(spans: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    """The least and the most that samples of these ranges add up to."""
    return sum(low for low, _ in spans.values()), sum(high for _, high in spans.values())


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


def _lattice(*tables: "Float[np.ndarray, 'samples draws']") -> float:
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
