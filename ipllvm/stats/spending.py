"""Alpha spending: what each of a few looks at growing data may use of alpha, so that all together keep it.

The share of alpha that is spent by a share t of the planned information is alpha ln(1 + (e - 1) t), close to
Pocock's equal levels (Lan & DeMets 1983). The level of each look follows from those before it by integrating
a Brownian motion over what has not been decided yet (Armitage, McPherson & Rowe 1969).
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

_STEPS = 240
_REACH = 8.0
_SMALLEST, _GRID = 1e-6, 41


def spent(share: float, alpha: float = 0.05) -> float:
    """What of `alpha` may be spent by a `share` of the planned information, in [0, 1].

    >>> [round(spent(share), 4) for share in (0.2, 0.5, 1.0)]
    [0.0148, 0.031, 0.05]
    """
    return alpha * math.log1p((math.e - 1) * min(max(share, 0.0), 1.0))


@lru_cache(maxsize=4096)
def levels(shares: tuple[float, ...], alpha: float = 0.05) -> tuple[float, ...]:
    """The one-sided level of each look at rising `shares` of the planned information, the last at most 1.

    Raises ValueError where the shares do not rise.

    >>> [round(level, 4) for level in levels((0.2, 1.0))]
    [0.0148, 0.0388]
    """
    if not shares or any(b <= a for a, b in zip((0.0, *shares), shares, strict=False)) or shares[-1] > 1:
        raise ValueError(f"looks at {shares} of the plan: shares must rise, to at most 1")
    found: list[float] = []
    grid, density = np.zeros(1), np.ones(1)
    before = (0.0, 0.0)
    for share in shares:
        step, budget = share - before[0], spent(share, alpha) - before[1]
        crossing = _crossing(grid, density, share, step, budget)
        found.append(float(ndtr(-crossing / math.sqrt(share))))
        grid, density = _undecided(grid, density, crossing, share, step)
        before = share, spent(share, alpha)
    return tuple(found)


def repeated_p(p_values: Sequence[float], shares: tuple[float, ...]) -> float:
    """The p-value so far of looks at these `shares`: the smallest alpha at which any of them would decide.

    Valid whenever one stops, as long as the looks were planned (Jennison & Turnbull 2000).

    >>> round(repeated_p((0.2, 0.0388), (0.2, 1.0)), 3)
    0.05
    """
    alphas, table = _table(shares[: len(p_values)])
    crossed = [np.interp(math.log(max(p, _SMALLEST)), np.log(row), np.log(alphas)) for p, row in
               zip(p_values, table, strict=True)]  # fmt: skip
    return min(1.0, float(np.exp(min(crossed))))


@lru_cache(maxsize=64)
def _table(shares: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Alphas up to a half, and the level of each look at each of them."""
    alphas = np.geomspace(_SMALLEST, 0.5, _GRID)
    return alphas, np.array([levels(shares, float(alpha)) for alpha in alphas]).T


def _crossing(grid: np.ndarray, density: np.ndarray, share: float, step: float, budget: float) -> float:
    """The boundary of the motion that the undecided exceed with the chance `budget`."""

    def beyond(boundary: float) -> float:
        return float(density @ ndtr((grid - boundary) / math.sqrt(step))) - budget

    reach = (_REACH + 2) * math.sqrt(share)
    return float(brentq(beyond, -reach, reach, xtol=1e-10)) if beyond(reach) < 0 < beyond(-reach) else reach


def _undecided(
    grid: np.ndarray, density: np.ndarray, boundary: float, share: float, step: float
) -> tuple[np.ndarray, np.ndarray]:
    """Where the motion is, with which chance, if it has not crossed the `boundary`: midpoints of cells."""
    edges = np.linspace(-_REACH * math.sqrt(share), boundary, _STEPS + 1)
    reached = ndtr((edges[:, None] - grid) / math.sqrt(step)) @ density
    return (edges[:-1] + edges[1:]) / 2, np.diff(reached)
