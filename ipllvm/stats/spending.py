"""Alpha spending: the level of each look at growing data, so that all looks err no more than one test."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from math import e, log, log1p

import numpy as np
from scipy.special import ndtr

_REACH, _POINTS = 8.0, 1201
_SMALLEST, _ALPHAS = 1e-6, 61


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
    return tuple(float(level) for level in _levels(shares, np.array([alpha]))[:, 0])


def repeated_p(p_values: Sequence[float], shares: tuple[float, ...]) -> float:
    """The p-value so far of looks at these `shares`: the least alpha at which one of them would have decided.

    `p_values` are those of the first looks. Valid whenever one stops (Jennison & Turnbull 2000); at most a
    half, else 1.

    >>> round(repeated_p((0.2, 0.0389), (0.2, 1.0)), 3)
    0.05
    """
    alphas, table = _table(shares)
    logs = [
        np.interp(log(max(p, _SMALLEST)), np.log(row), np.log(alphas), right=0.0)
        for p, row in zip(p_values, table[: len(p_values)], strict=True)
    ]
    return float(np.exp(min(logs, default=0.0)))


@cache
def _table(shares: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Alphas up to a half, and the level of each look at each of them."""
    alphas = np.geomspace(_SMALLEST, 0.5, _ALPHAS)
    return alphas, _levels(shares, alphas)


def _levels(shares: tuple[float, ...], alphas: np.ndarray) -> np.ndarray:
    """The levels [looks, alphas]."""
    if any(not 0 < share <= 1 for share in shares) or any(b <= a for a, b in pairwise(shares)):
        raise ValueError("the shares of the looks do not rise in (0, 1]")
    grid = np.linspace(-_REACH, _REACH, _POINTS)
    step = float(grid[1] - grid[0])
    density, before, found = np.zeros((0, len(alphas))), 0.0, np.zeros((len(shares), len(alphas)))
    for look, share in enumerate(shares):
        density = _moved(density, grid, step, share - before, len(alphas))
        tail = np.cumsum(density[::-1], axis=0)[::-1] * step
        for place, alpha in enumerate(alphas):
            budget = spent(share, alpha) - spent(before, alpha)
            # A sum over cells of the grid begins half a cell before their middle; the boundary cuts one.
            logs = -np.log(np.maximum(tail[:, place], 1e-300))
            boundary = float(np.interp(-log(budget), logs, grid)) - step / 2
            density[:, place] *= np.clip((boundary - grid) / step + 0.5, 0.0, 1.0)
            found[look, place] = ndtr(-boundary / share**0.5)
        before = share
    return found


def _moved(density: np.ndarray, grid: np.ndarray, step: float, time: float, alphas: int) -> np.ndarray:
    """The densities of a Brownian motion `time` later; from 0 where there is none yet."""
    if not len(density):
        return np.tile(_normal(grid, time)[:, None], alphas)
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
