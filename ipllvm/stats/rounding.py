"""A number of samples as it is told: as many digits as mean something."""

import math
from typing import Final

DIGITS: Final = 2


def rounded_up(n: int, available: int | None = None) -> int:
    """A number of samples, up to two digits; not beyond the `available` ones where `n` is not.

    >>> [rounded_up(n) for n in (41, 671, 1499, 100)]
    [41, 680, 1500, 100]
    >>> [rounded_up(671, available) for available in (675, 600)]
    [675, 680]
    """
    step = int(10 ** max(0, len(str(n)) - DIGITS))
    rounded = math.ceil(n / step) * step
    return min(rounded, available) if available is not None and n <= available else rounded
