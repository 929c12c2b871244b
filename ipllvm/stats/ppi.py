"""A mean that a judge scored, put right by labels of people: prediction-powered inference.

PPI++ (Angelopoulos, Duchi & Zrnic 2023): the mean of the judge's scores plus what the labels say it is off
by, the judge weighed by how well it predicts the labels, so that a useless judge does no harm.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from ipllvm.records import Contrast
from ipllvm.stats.choice import choose
from ipllvm.stats.missing import at_worst
from ipllvm.stats.proportion import proportion_interval
from ipllvm.stats.score_interval import ScoreTest

FEWEST_LABELS = 20
"""With fewer labels nothing is corrected: their interval would say nothing."""
_PERMUTED, _ALIKE = 2000, 1e-9


@dataclass(frozen=True, slots=True)
class Corrected:
    """The mean as people would have scored it, with bounds; `trust` is the judge's weight, in [0, 1].

    `off` is by how much the judge scores higher than people do, on the labelled samples.
    """

    mean: float
    low: float
    high: float
    trust: float
    off: float
    labels: int


def corrected(judged: Contrast, labels: dict[str, float], alpha: float = 0.05) -> Corrected | None:
    """The mean score of `judged` (scores of a judge by sample) if people had scored it; None with few labels.

    `labels` are scores of people by sample id, in [0, 1], of samples drawn at random. What the judge gave no
    score for is put at the worst end on either side. Each bound is valid at 1 - `alpha` on its own side:
    the two parts' intervals are put together as in Zou & Donner 2008, that of the labels by the test that
    decides claims, so that 50 labels without a disagreement are no certainty.
    """
    labelled = np.array([sample in labels for sample in judged.samples], dtype=bool)
    if labelled.sum() < FEWEST_LABELS:
        return None
    mine = judged.only(labelled)
    people = np.array([labels[sample] for sample in mine.samples], dtype=float)
    rest = judged.only(~labelled)
    trust = _trust(people, mine.values, len(rest.values))
    residual = replace(mine, name="residual", values=people - trust * mine.values, lattice=0.0, weighted=True)
    low, high = choose(residual).interval(alpha)
    mean, off = float(residual.values.mean()), float(np.mean(mine.values - people))
    if trust == 0:
        return Corrected(mean, *_planned(judged, mean, (low, high), alpha), 0.0, off, len(people))
    other = float(rest.values.mean())
    below, above = _interval(rest, other, alpha)
    value = mean + trust * other
    down = math.hypot(mean - low, trust * (other - below))
    up = math.hypot(high - mean, trust * (above - other))
    bounds = _planned(judged, value, (value - down, value + up), alpha)
    return Corrected(value, *bounds, trust, off, len(people))


def chosen(judged: Contrast, labels: Collection[str], rng: np.random.Generator) -> float | None:
    """The p-value of "the samples with `labels` were drawn at random" by their scores; None if all have one.

    A permutation test of what the judge gave them, both ways: of clusters where labels come by whole ones,
    else of samples.
    """
    labelled = np.array([sample in labels for sample in judged.samples], dtype=bool)
    apart = judged.values - judged.values.mean()
    _, index = np.unique(np.asarray(judged.clusters, dtype=str), return_inverse=True)
    own = np.bincount(index, weights=labelled) > 0
    if 2 * labelled.sum() > np.count_nonzero(own[index]):
        labelled, apart = own, np.bincount(index, weights=apart)
    if labelled.all() or not labelled.any():
        return None
    n, k = len(apart), np.count_nonzero(labelled)
    drawn = [apart[rng.choice(n, k, replace=False, shuffle=False)].sum() for _ in range(_PERMUTED)]
    as_far = np.abs(drawn) >= abs(apart[labelled].sum()) - _ALIKE
    return float(1 + as_far.sum()) / (1 + _PERMUTED)


def _planned(judged: Contrast, mean: float, bounds: tuple[float, float], alpha: float) -> tuple[float, float]:
    """Bounds of the mean of all planned samples, in [0, 1], from those of the `mean` of what has a score.

    What failed is at either end; how many fail varies too, beside the mean of the others.
    """
    low, high = max(bounds[0], 0.0), min(bounds[1], 1.0)
    if not judged.n_error:
        return low, high
    named = [each._replace(low=0.0, high=1.0) for each in judged.failures]
    scored = replace(judged, values=np.zeros(len(judged.values)), failed=tuple(named))
    gone = at_worst(scored, 1)
    share, value = float(gone.values.mean()), min(max(mean, low), high)
    most = _interval(gone, share, alpha)[1] - share
    down = math.hypot((1 - share) * (value - low), value * most)
    up = math.hypot((1 - share) * (high - value), (1 - value) * most)
    return max((1 - share) * value - down, 0.0), min((1 - share) * value + share + up, 1.0)


def _trust(people: np.ndarray, judged: np.ndarray, rest: int) -> float:
    """The weight of the judge with the least variance (PPI++, equation 7), 0 without other samples."""
    around = float(np.var(judged))
    if around == 0 or rest == 0:
        return 0.0
    together = float(np.mean((people - people.mean()) * (judged - judged.mean())))
    return float(np.clip(together / ((1 + len(people) / rest) * around), 0.0, 1.0))


def _interval(scores: Contrast, mean: float, alpha: float) -> tuple[float, float]:
    """Of the mean of scores in [0, 1]: Wilson's, with the effective sample size of the clusters."""
    test = ScoreTest.of(scores)
    effective = 0.0 if test.too_little else test.effective
    return proportion_interval(min(max(mean, 0.0), 1.0), effective, alpha)
