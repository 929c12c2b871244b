"""Correlation over a handful of models: an exact permutation test, and Fisher's interval.

Models of one family are not independent, which neither of them knows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

FEWEST = 6
"""Models below which nothing is decided: with 4 the smallest possible p-value is 1/24."""
_ALIKE = 1e-9
_RESAMPLES = 50_000  # at least 8!, so that up to 8 models are permuted in all ways


@dataclass(frozen=True, slots=True)
class Correlation:
    """Spearman's and Pearson's correlation of two numbers of `models` models.

    `p` is one-sided, for "larger goes with larger", by permuting the pairing of the ranks; `p_opposite` for
    "larger goes with smaller", by the same permutations. `interval` is that of Pearson's by Fisher's z, which
    decides nothing. All are None where a side is constant or there are too few to tell.
    """

    models: int
    spearman: float | None
    pearson: float | None
    p: float | None
    interval: tuple[float, float] | None
    p_opposite: float | None = None

    @property
    def decided(self) -> bool:
        """Whether there are enough models for `p` to decide anything."""
        return self.models >= FEWEST and self.p is not None

    def __str__(self) -> str:
        if self.spearman is None or self.pearson is None or self.p is None:
            return f"no correlation over {self.models} models: too few, or all alike"
        span = "" if self.interval is None else " [{:.2f}, {:.2f}]".format(*self.interval)
        few = "" if self.decided else f"; UNDECIDED, too few models (at least {FEWEST})"
        return (
            f"Spearman {self.spearman:.2f} (p = {self.p:.2g}; of the opposite {self.p_opposite:.2g}), "
            f"Pearson {self.pearson:.2f}{span} "
            f"over {self.models} models, which may be relatives{few}"
        )


def correlation(
    first: Sequence[float], second: Sequence[float], rng: np.random.Generator, alpha: float = 0.05
) -> Correlation:
    """Of two numbers a model, paired: all pairings are tried up to 8 models, beyond that 50,000 drawn.

    Each bound is valid at 1 - `alpha`. Raises ValueError where the two differ in length.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} numbers on one side, {len(second)} on the other")
    x, y = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Correlation(len(x), None, None, None, None)
    from scipy import stats  # 0.6 s, which a run that correlates nothing does not pay

    ranks, others = stats.rankdata(x), stats.rankdata(y)
    tested = stats.permutation_test(
        (ranks,),
        lambda order, axis: _pearson(order, others),
        permutation_type="pairings",
        vectorized=True,
        alternative="greater",
        n_resamples=_RESAMPLES,
        rng=rng,
    )
    r = float(_pearson(x, y))
    return Correlation(
        models=len(x),
        spearman=float(tested.statistic),
        pearson=r,
        p=float(tested.pvalue),
        interval=fisher_interval(r, len(x), alpha),
        p_opposite=_p_opposite(tested.null_distribution, float(tested.statistic), len(x)),
    )


def _p_opposite(permuted: np.ndarray, observed: float, models: int) -> float:
    """The chance of a correlation as small, among all pairings or those drawn and the observed one."""
    drawn = int(math.factorial(models) > _RESAMPLES)
    as_small = int(np.count_nonzero(permuted <= observed + _ALIKE))
    return (as_small + drawn) / (permuted.size + drawn)


def fisher_interval(r: float, models: int, alpha: float = 0.05) -> tuple[float, float] | None:
    """Bounds of Pearson's correlation, each at 1 - `alpha` (Fisher 1921); None below four models.

    >>> [round(fisher_interval(0.95, models)[0], 4) for models in (4, 6)]
    [0.1848, 0.7075]
    """
    if models < 4:
        return None
    if abs(r) >= 1 - 1e-12:
        return r, r
    reach = float(ndtri(1 - alpha)) / math.sqrt(models - 3)
    return math.tanh(math.atanh(r) - reach), math.tanh(math.atanh(r) + reach)


def _pearson(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Along the last axis."""
    dx, dy = x - x.mean(-1, keepdims=True), y - y.mean()
    return np.asarray(dx @ dy / np.sqrt(np.square(dx).sum(-1) * np.square(dy).sum()))
