"""How much a mean over items that share neighbours varies: from random halves of the items.

An item's value then depends on the others, so that the spread of the values is not that of their mean. What
two halves of independent clusters give, with neighbours sought in each half alone, is independent: half the
square of its difference has the variance of one half's mean for its expectation, whatever the law. That of
all items is put at half of it, which a U-statistic's is at most (Hoeffding 1948).
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
    values: "Float[np.ndarray, 'items']", halves: "Float[np.ndarray, 'splits 2']", clusters: Sequence[str]
) -> float:
    """How many times the variance of the values' mean is that of as many independent clusters, at least 1.

    `halves` are the means of both halves, by split; beside them those of the same values in the same halves
    differ as independent ones do. Without any all items count as one.
    """
    if not len(halves):
        return float(len(values))
    alone = np.array(
        [(values[half].mean(), values[~half].mean()) for half in splits(len(values), 1, clusters)]
    )
    apart, together = (float(np.mean((each[:, 0] - each[:, 1]) ** 2)) for each in (alone, halves))
    return min(max(together / apart, 1.0), float(len(values))) if apart > 0 else 1.0
