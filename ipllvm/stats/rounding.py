"""A number of samples as it is told: as many digits as mean something."""

import math
from typing import Final

DIGITS: Final = 3


def rounded_up(n: int, available: int | None = None) -> int:
    """A number of samples, up to three digits; not beyond the `available` ones where `n` is not.

    >>> [rounded_up(n) for n in (41, 149, 1499, 6171)]
    [41, 149, 1500, 6180]
    >>> [rounded_up(6171, available) for available in (6175, 6000)]
    [6175, 6180]
    """
    step = int(10 ** max(0, len(str(n)) - DIGITS))
    rounded = math.ceil(n / step) * step
    return min(rounded, available) if available is not None and n <= available else rounded
