"""Alpha spending: the level of each look at growing data, so that all looks err no more than one test."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from math import e, log, log1p

import numpy as np
from scipy.special import ndtr

_REACH, _POINTS = 8.0, 801


def spent(share: float, alpha: float = 0.05) -> float:
    """How much of `alpha` may be spent with `share` of the planned data, as Pocock (Lan & DeMets 1983).

    >>> [round(spent(share), 4) for share in (0.0, 0.5, 1.0)]
    [0.0, 0.031, 0.05]
    """
    return alpha * log1p((e - 1) * min(max(share, 0.0), 1.0))


@cache
def levels(shares: tuple[float, ...], alpha: float = 0.05) -> tuple[float, ...]:
    """The level that a one-sided p-value must reach at each look, at rising `shares` of the planned data.

    By the joint law of the looks' normal statistics (Armitage, McPherson & Rowe 1969); valid for any choice
    of the shares that does not depend on what was seen. Raises ValueError where they do not rise in (0, 1].

    >>> [round(level, 4) for level in levels((0.2, 0.4, 0.6, 0.8, 1.0))]
    [0.0148, 0.016, 0.0173, 0.0183, 0.0192]
    >>> [round(level, 4) for level in levels((1.0,))]
    [0.05]
    """
    if any(not 0 < share <= 1 for share in shares) or any(b <= a for a, b in pairwise(shares)):
        raise ValueError("the shares of the looks do not rise in (0, 1]")
    grid = np.linspace(-_REACH, _REACH, _POINTS)
    step = float(grid[1] - grid[0])
    density, before, found = np.zeros(0), 0.0, []
    for share in shares:
        density = _moved(density, grid, step, share - before)
        tail = np.cumsum(density[::-1])[::-1] * step
        budget = spent(share, alpha) - spent(before, alpha)
        # A sum over cells of the grid begins half a cell before their middle.
        place = float(np.interp(-log(budget), -np.log(np.maximum(tail, 1e-300)), grid)) - step / 2
        density = density * np.clip((place - grid) / step + 0.5, 0.0, 1.0)
        found.append(float(ndtr(-place / share**0.5)))
        before = share
    return tuple(found)


def _moved(density: np.ndarray, grid: np.ndarray, step: float, time: float) -> np.ndarray:
    """The density of a Brownian motion `time` later; from 0 where there is none yet."""
    if not len(density):
        return _normal(grid, time)
    kernel = _normal(grid[:, None] - grid[None, :], time)
    return np.asarray(kernel @ density) * step


def _normal(x: np.ndarray, variance: float) -> np.ndarray:
    return np.asarray(np.exp(-(x**2) / (2 * variance)) / np.sqrt(2 * np.pi * variance))


def looks_at(planned: int, looks: int) -> Sequence[int]:
    """After how many of `planned` samples or clusters one looks, in equal steps.

    >>> looks_at(100, 6)
    (17, 34, 50, 67, 84, 100)
    """
    return tuple(dict.fromkeys(-(-planned * look // looks) for look in range(1, looks + 1)))
