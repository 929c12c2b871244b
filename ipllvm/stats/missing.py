"""Planned samples without a value: bounds that hold whatever those values would have been.

Worst cases as in Horowitz & Manski 2000: on either side the missing samples sit at the far end.
"""

from ipllvm.records import Contrast


def missing_share(contrast: Contrast) -> float:
    """Share of the planned samples that have no value, in [0, 1]; 0 where nothing was planned."""
    return contrast.n_error / max(len(contrast.values) + contrast.n_error, 1)


def worst_case(interval: tuple[float, float], share: float, bound: float) -> tuple[float, float]:
    """Bounds of the planned mean from those of the mean over the complete samples.

    >>> [round(x, 3) for x in worst_case((-0.549, 4.812), 0.01, 100.0)]
    [-1.544, 5.764]
    """
    low, high = interval
    return (1 - share) * low - share * bound, (1 - share) * high + share * bound


def complete_margin(margin: float, share: float, bound: float, side: int) -> float:
    """What the complete samples must stay below (`side` 1) or above (-1) for the planned mean to.

    The inverse of `worst_case`; raises ValueError where no sample is complete.
    """
    if share >= 1:
        raise ValueError("no sample has a value")
    return (margin - side * share * bound) / (1 - share)
