"""Holm's correction for the two families of a run, HOLDS and VIOLATED, alike or with weights."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Families:
    """Adjusted p-values of the same claims in both families, in the claims' order."""

    holds: tuple[float, ...]
    violated: tuple[float, ...]


def holm(p_values: Sequence[float], weights: Sequence[float] | None = None) -> tuple[float, ...]:
    """Adjusted p-values (Holm 1979); raises ValueError where one isn't in [0, 1].

    With `weights`, which are positive, a claim has that share of the level of all that are still open.

    >>> [round(p, 3) for p in holm([0.001, 0.012, 0.02, 0.04, 0.3])]
    [0.005, 0.048, 0.06, 0.08, 0.3]
    >>> [round(p, 3) for p in holm([0.02, 0.03, 0.001], weights=[2, 1, 1])]
    [0.03, 0.03, 0.004]
    """
    values = np.asarray(p_values, dtype=float)
    if not np.all((values >= 0) & (values <= 1)):
        raise ValueError("a p-value is not in [0, 1]")
    if len(values) == 0:
        return ()
    shares = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    # statsmodels' multipletests gives the same in 50 ms, which a calibration can't wait for.
    order = np.argsort(values / shares, kind="stable")
    left = np.cumsum(shares[order][::-1])[::-1]
    stepped = np.maximum.accumulate(values[order] / shares[order] * left)
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(stepped, 1.0)
    return tuple(float(p) for p in adjusted)


def families(p_holds: Sequence[float], p_violated: Sequence[float]) -> Families:
    """Both families of k claims, each adjusted over its own k (Holm 1979).

    At level alpha in each, the chance of any false HOLDS and that of any false VIOLATED are both
    at most alpha. Raises ValueError where the families differ in length.
    """
    if len(p_holds) != len(p_violated):
        raise ValueError(f"{len(p_holds)} claims in one family, {len(p_violated)} in the other")
    return Families(holm(p_holds), holm(p_violated))
