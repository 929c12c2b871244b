"""What no run can rule out: samples that gain all, so rare that none of them was seen.

Of n samples a share w of the population is missed with chance (1 - w)^n. A test that rejects with chance b
under some law rejects with (1 - w)^n b at least under the same law with a share w of it put elsewhere: where
that law is no longer to be rejected, b is at most alpha / (1 - w)^n for any test that keeps alpha.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize_scalar

_FARTHEST = 60.0
"""Logarithm of the least chance to see none that is looked at: below it no p-value matters."""
_STEPS = 8
_NEAR = 0.01


def beside_unseen(p_value: Callable[[float], float], theta: float, samples: float) -> float:
    """The largest p-value of "the mean is above `theta`" that any share of unseen gains leaves.

    `p_value` is that of the samples which are no such gains, and rises with the mean. With a share w of gains
    of 1 the others have a mean of (theta + w) / (1 - w), and none of these was seen with chance
    (1 - w)^samples: the p-value is the largest product of the two. Means are in [-1, 1].

    >>> round(beside_unseen(lambda mean: 0.0 if mean < 0.02 else 1.0, 0.0, 150), 2), round(1.02**-150, 2)
    (0.05, 0.05)
    """

    def left(x: float) -> float:
        """The p-value where the chance to see none is exp(-`x`)."""
        share = -math.expm1(-x / samples)
        mean = (theta + share) / (1 - share)
        return math.exp(-x) * (p_value(mean) if mean < 1 else 1.0)

    none = left(0.0)
    farthest = min(-math.log(none), _FARTHEST) if none > 0 else _FARTHEST
    steps = np.linspace(0.0, farthest, _STEPS)
    found = [none, *map(left, map(float, steps[1:]))]
    best = int(np.argmax(found))
    around = steps[max(best - 1, 0)], steps[min(best + 1, _STEPS - 1)]
    near = minimize_scalar(lambda x: -left(x), bounds=around, method="bounded", options={"xatol": _NEAR})
    return max(found[best], -float(near.fun))
