"""Intervals for a single proportion, such as the clean or the blank-image accuracy."""

import math

from scipy.special import ndtri


def proportion_interval(proportion: float, effective: float, alpha: float = 0.05) -> tuple[float, float]:
    """Bounds of a proportion in [0, 1], each valid at 1 - `alpha` on its own side.

    `effective` is the number of independent samples that the data are worth; it needn't be whole.
    Wilson 1927, with the effective size of Korn & Graubard 1998; at 0 and 1 the exact bound of
    Clopper & Pearson 1934. Without samples nothing is known: (0, 1).
    Raises ValueError where `proportion` isn't in [0, 1].

    >>> [round(x, 4) for x in proportion_interval(17 / 21, 21)]
    [0.6369, 0.9115]
    """
    if not 0 <= proportion <= 1:
        raise ValueError(f"not a proportion: {proportion}")
    if effective <= 0:
        return 0.0, 1.0
    exact = alpha ** (1 / effective)
    if proportion in (0, 1):
        return (0.0, 1 - exact) if proportion == 0 else (exact, 1.0)
    share = float(ndtri(1 - alpha)) ** 2 / effective
    centre = (proportion + share / 2) / (1 + share)
    half = math.sqrt(share * (proportion * (1 - proportion) + share / 4)) / (1 + share)
    return max(centre - half, 0.0), min(centre + half, 1.0)
