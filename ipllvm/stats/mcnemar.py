"""McNemar's test: did anything change at all?

Valid for one draw and independent samples only, and never evidence for a margin above 0.
"""

from dataclasses import dataclass

from scipy.special import bdtr


@dataclass(frozen=True, slots=True)
class McNemar:
    """Two-sided p-values of "as many samples were lost as won"."""

    exact: float
    mid_p: float


def mcnemar(lost: int, won: int) -> McNemar:
    """The exact and the mid-p test for `lost` and `won` samples; raises ValueError below 0.

    McNemar 1947; mid-p as in Fagerland, Lydersen & Laake 2014. No change gives 1 for both.

    >>> mcnemar(1, 7)
    McNemar(exact=0.0703125, mid_p=0.0390625)
    """
    if lost < 0 or won < 0:
        raise ValueError(f"counts below 0: {lost}, {won}")
    fewer, changed = min(lost, won), lost + won
    tail = float(bdtr(fewer, changed, 0.5))
    point = tail - (float(bdtr(fewer - 1, changed, 0.5)) if fewer > 0 else 0.0)
    return McNemar(exact=min(1.0, 2 * tail), mid_p=min(1.0, 2 * tail - point))
