"""What planted pictures mean: hidden vectors, by which models of pictures and words agree what is alike.

Pictures come in groups of 11 with consecutive numbers. A vector is what its group has in common and
something of its own; without the common part the members of a group are farther from each other than
from the rest. So a picture's 10 nearest neighbours are its group, all of it or none of it, and the
share of neighbours that two representations have in common is known without a count.
"""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ipllvm.planted_grid import ALIKE
from ipllvm.sampling import generator

if TYPE_CHECKING:
    from jaxtyping import Float

WIDTH = 512
_CLOSE = 3.0  # length of the common part, that of one's own being 1: mates have a cosine of 0.9


def group(number: int) -> int:
    """The number of a picture's group.

    >>> group(10), group(11)
    (0, 1)
    """
    return number // ALIKE


def vector(number: int, together: bool) -> "Float[np.ndarray, '512']":
    """The hidden vector of a picture, about 1 in each place; `together` with what its group has in common."""
    common, own = _parts(group(number))
    return np.asarray(own[number % ALIKE] + _CLOSE * together * common)


@cache
def _parts(number: int) -> "tuple[Float[np.ndarray, '512'], Float[np.ndarray, '11 512']]":
    rng = generator("planted", "meaning", number)
    common, own = rng.standard_normal(WIDTH), rng.standard_normal((ALIKE, WIDTH))
    return common, own - own.mean(0)
