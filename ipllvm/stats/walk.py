"""Looks at how many samples lost and how many won, by the law of that walk: no normal law stands in for it.

Given how many samples changed by each look, those that lost are a sum of fair coins if a change loses as many
as it wins, and fewer if it wins more. So what each look spends of alpha is known exactly, and what one could
not spend, since counts are whole numbers, the later ones have (Armitage, McPherson & Rowe 1969; Lan & DeMets
1983). Of single samples that lose all or nothing; not of clusters or graded scores.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.special import gammaln

from ipllvm.stats.spending import spent

_STEPS, _HOLM = 0.05 * 2.0 ** (np.arange(13, -65, -1) / 4), 0.05 / np.array([3, 5, 6, 7, 9, 10])
_LEVELS = np.sort(np.concatenate((_STEPS, _HOLM)))[::-1]
"""Alphas that a p-value may have, falling from 0.48 by a sixth or less: with 0.05 those of up to ten claims.

With fewer of them a p-value would be coarser, with many more larger: at some alpha between two at which one
decides an early look spends what a later one needs, since counts are whole numbers.
"""
_SLACK = 1e-12


def repeated_p(lost: Sequence[int], changed: Sequence[int], shares: Sequence[float]) -> float:
    """The p-value of "no more are lost than won" over looks at these `shares` of the planned samples.

    `lost` of the `changed` ones so far are those of each look. The least alpha at which, as at every larger
    one, a look would have decided; 1 where that is none. Valid whenever one stops, of whatever was planned
    beyond; alphas are tried in steps, so that it may be a fifth too large. Raises ValueError as `decides`.

    >>> repeated_p([5], [5], [1.0]), round(repeated_p([9, 17], [10, 20], [0.5, 1.0]), 4)
    (0.03535533905932738, 0.0022)
    """
    reached = np.cumprod(_reached(lost, changed, shares, tuple(_LEVELS)))
    return float(_LEVELS[reached.sum() - 1]) if reached[0] else 1.0


def decides(lost: Sequence[int], changed: Sequence[int], shares: Sequence[float], alpha: float) -> bool:
    """Whether one of the looks reaches its boundary, all of which together err in at most `alpha`.

    Raises ValueError where counts fall from one look to the next, or more are lost than changed since.
    """
    return bool(_reached(lost, changed, shares, (alpha,))[0])


def _reached(
    lost: Sequence[int], changed: Sequence[int], shares: Sequence[float], alphas: tuple[float, ...]
) -> np.ndarray:
    """Whether a look reaches its boundary, at each of the `alphas`."""
    steps = np.diff((0, *lost)), np.diff((0, *changed))
    if (steps[0] < 0).any() or (steps[0] > steps[1]).any():
        raise ValueError("counts of a look are not those of the one before and some more")
    return np.asarray((_boundaries(tuple(changed), tuple(shares), alphas) <= np.array(lost)).any(axis=1))


@lru_cache(maxsize=64)
def _boundaries(changed: tuple[int, ...], shares: tuple[float, ...], alphas: tuple[float, ...]) -> np.ndarray:
    """How many must have lost [alphas, looks], by how many changed; one more than that where none will do."""
    laws, used, before = np.ones((len(alphas), 1)), np.zeros(len(alphas)), 0
    found = np.zeros((len(alphas), len(changed)), dtype=int)
    for look, (now, share) in enumerate(zip(changed, shares, strict=True)):
        laws = np.array([np.convolve(law, _coins(now - before)) for law in laws])
        tails = np.cumsum(laws[:, ::-1], axis=1)[:, ::-1]
        budgets = np.array([spent(share, alpha) for alpha in alphas]) - used + _SLACK
        found[:, look] = (tails > budgets[:, None]).sum(axis=1)
        stopped = np.arange(now + 1) >= found[:, look, None]
        used, before = used + (laws * stopped).sum(axis=1), now
        laws[stopped] = 0.0
    return found


def _coins(number: int) -> np.ndarray:
    """The law of how many of so many fair coins show heads."""
    heads = np.arange(number + 1)
    logs = gammaln(number + 1) - gammaln(heads + 1) - gammaln(number - heads + 1)
    return np.asarray(np.exp(logs - number * np.log(2)))
