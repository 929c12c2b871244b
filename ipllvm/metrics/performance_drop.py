"""What a perturbation costs: clean minus perturbed score, paired by sample."""

from dataclasses import replace

import numpy as np

from ipllvm.metrics.score_means import lattice, ranges, score_means
from ipllvm.metrics.weighted import weighted
from ipllvm.records import Contrast, Failed, Scores


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
    means, clusters = score_means(scores), dict(zip(scores.samples, scores.clusters, strict=True))
    return Contrast(
        name=scores.perturbation,
        values=np.array([mean for _, mean in means.values()], dtype=float),
        clusters=tuple(cluster for cluster, _ in means.values()),
        lattice=lattice(scores.values),
        draws=scores.values.shape[1],
        n_error=len(scores.samples) - len(means),
        samples=tuple(means),
        failed=tuple(Failed(name, clusters[name], *span) for name, span in ranges(scores).items()),
        signed=False,
        shared=scores.shared,
    )


def _difference(name: str, first: Scores, second: Scores) -> Contrast:
    found = weighted(name, [(1.0, first), (-1.0, second)])
    return replace(found, lattice=lattice(first.values, second.values), draws=second.values.shape[1])
