"""Looks at how many samples lost and how many won, by the law of that walk: no normal law stands in for it.

Given how many samples changed by each look, those that lost are a sum of fair coins if a change loses as many
as it wins, and fewer if it wins more. So what each look spends of alpha is known exactly, and what one could
not spend, since counts are whole numbers, the later ones have (Armitage, McPherson & Rowe 1969; Lan & DeMets
1983). Of single samples that lose all or nothing; not of clusters or graded scores.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import gammaln

from ipllvm.stats.spending import spent

_LEVELS = 0.05 * 2.0 ** (np.arange(13, -65, -1) / 4)
"""Alphas that a p-value may have, falling from 0.48 by a sixth each; 0.05 and its halves are among them."""
_SLACK = 1e-12


def repeated_p(lost: Sequence[int], changed: Sequence[int], shares: Sequence[float]) -> float:
    """The p-value of "no more are lost than won" over looks at these `shares` of the planned samples.

    `lost` of the `changed` ones so far are those of each look. The least alpha at which, as at every larger
    one, a look would have decided; 1 where that is none. Valid whenever one stops, of whatever was planned
    beyond; alphas are tried in steps, so that it may be a fifth too large. Raises ValueError as `decides`.

    >>> repeated_p([5], [5], [1.0]), round(repeated_p([9, 17], [10, 20], [0.5, 1.0]), 4)
    (0.03535533905932738, 0.0022)
    """
    p = 1.0
    for alpha in _LEVELS:
        if not decides(lost, changed, shares, float(alpha)):
            break
        p = float(alpha)
    return p


def decides(lost: Sequence[int], changed: Sequence[int], shares: Sequence[float], alpha: float) -> bool:
    """Whether one of the looks reaches its boundary, all of which together err in at most `alpha`.

    Raises ValueError where counts fall from one look to the next, or more are lost than changed since.
    """
    law, used, before, lost_before = np.ones(1), 0.0, 0, 0
    for lost_now, changed_now, share in zip(lost, changed, shares, strict=True):
        if not 0 <= lost_now - lost_before <= changed_now - before:
            raise ValueError("counts of a look are not those of the one before and some more")
        law = np.convolve(law, _coins(changed_now - before))
        tail = np.cumsum(law[::-1])[::-1]
        boundary = int(np.count_nonzero(tail > spent(share, alpha) - used + _SLACK))
        if lost_now >= boundary and boundary < len(law):
            return True
        used += float(tail[boundary]) if boundary < len(law) else 0.0
        law, before, lost_before = law[:boundary], changed_now, lost_now
    return False


def _coins(number: int) -> np.ndarray:
    """The law of how many of so many fair coins show heads."""
    heads = np.arange(number + 1)
    logs = gammaln(number + 1) - gammaln(heads + 1) - gammaln(number - heads + 1)
    return np.asarray(np.exp(logs - number * np.log(2)))
