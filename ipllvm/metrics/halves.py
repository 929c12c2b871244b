"""How much a mean over items that share neighbours varies: from random halves of the items.

An item's value then depends on the others, so that the spread of the values is not that of their mean. What
two halves of independent clusters give, with neighbours sought in each half alone, is independent: the square
of its difference has the variances of both halves' means for its expectation, whatever the law. How many
times that is what the values' own spread inside the same halves would make it is taken to be so for all.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ipllvm.sampling import generator

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

SPLITS = 64
REACH = 5
"""Times as many neighbours as are asked for are ranked: a half then has enough of them."""
_FEWEST = 4
"""Times as many items as neighbours below which half of them tells nothing of all."""


def splits(
    items: int, k: int, clusters: Sequence[str] | None = None
) -> "Iterator[Bool[np.ndarray, 'items']]":
    """Which items are in the first half, by split: the same for any two stacks of the same items.

    Clusters stay whole. None where a half would have fewer than twice as many items as neighbours.
    """
    number_of: dict[str | int, int] = {}
    own = [number_of.setdefault(each, len(number_of)) for each in clusters or range(items)]
    groups = len(number_of)
    if items < _FEWEST * k or groups < 2:
        return
    for number in range(SPLITS):
        order = generator("halves", items, number).permutation(groups)
        yield np.isin(own, order[: groups // 2])


class CommonNeighbours:
    """Which of the nearest of two rankings are the same, in any part of the items."""

    def __init__(
        self, first: "Int[np.ndarray, 'items near']", second: "Int[np.ndarray, 'items near']", k: int
    ) -> None:
        self._first, self._second, self._k = first, second, k
        self._rows, self._here, self._there = np.nonzero(first[:, :, None] == second[:, None, :])

    def shares(self, inside: "Bool[np.ndarray, 'items']") -> "Float[np.ndarray, 'items']":
        """The share of common neighbours of each item among those `inside`; of others it says nothing."""
        among = [inside[ranked] for ranked in (self._first, self._second)]
        places = [np.cumsum(each, axis=1) for each in among]
        near = [place <= self._k for place in places]
        both = among[0][self._rows, self._here]
        both &= near[0][self._rows, self._here] & near[1][self._rows, self._there]
        return np.bincount(self._rows[both], minlength=len(inside)) / self._k


def sharing(
    values: "Float[np.ndarray, 'items']", halves: "Float[np.ndarray, 'splits items']", clusters: Sequence[str]
) -> float:
    """How many times the variance of the values' mean is that of as many independent clusters, at least 1.

    `halves` are the items' values in the half that each is in, by split. Without any all items count as one.
    """
    if not len(halves):
        return float(len(values))
    _, own = np.unique(list(clusters), return_inverse=True)
    apart = alone = 0.0
    for half, inside in zip(splits(len(values), 1, clusters), halves, strict=True):
        sides = half, ~half
        first, second = (float(inside[side].mean()) for side in sides)
        apart += (first - second) ** 2
        alone += sum(_own_variance(inside[side], own[side]) for side in sides)
    # a float of Python: rows with one of numpy can't be sent from a worker
    return float(min(max(apart / alone, 1.0), len(values))) if alone > 0 else 1.0


def _own_variance(values: "Float[np.ndarray, 'items']", clusters: "Int[np.ndarray, 'items']") -> float:
    """The variance of the values' mean if clusters were independent; 0 of a single one."""
    sums = np.bincount(clusters, values - values.mean())
    groups = int(np.count_nonzero(np.bincount(clusters)))
    return float(sums @ sums) * groups / (groups - 1) / len(values) ** 2 if groups > 1 else 0.0
