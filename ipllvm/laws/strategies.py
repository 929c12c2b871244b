"""Hypothesis strategies for laws; estimates never come from here (ipllvm/sampling.py)."""

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ipllvm.perturbations.permutation import Swaps
from ipllvm.perturbations.selection import Keep

Item = TypeVar("Item")


def swaps(tokens: int, most: int = 8) -> SearchStrategy[Swaps]:
    """Re-orderings of `tokens` picture tokens as the identity plus a list of swaps.

    They shrink to the fewest displaced tokens.
    """
    place = st.integers(0, tokens - 1)
    return st.lists(st.tuples(place, place), max_size=most).map(lambda pairs: Swaps(tuple(pairs)))


def parts(items: Sequence[Item]) -> SearchStrategy[tuple[Item, ...]]:
    """Parts of a list, in its order, that hold most of it; they shrink to the fewest items."""
    taken = st.tuples(*(st.integers(0, 3) for _ in items))
    return taken.map(lambda each: tuple(item for item, some in zip(items, each, strict=True) if some))


def kept(grid: int, how: str = "keep") -> SearchStrategy[Keep]:
    """Non-empty sets of the groups of a grid; they shrink to the first group alone."""
    cells = st.integers(0, grid**2 - 1)
    return st.sets(cells, min_size=1).map(lambda groups: Keep(tuple(groups), grid, how))


def ratios() -> SearchStrategy[float]:
    """Shares in [0, 1], both ends among them."""
    return st.floats(0, 1, allow_subnormal=False)


def orders(cells: int) -> SearchStrategy[tuple[int, ...]]:
    """Orders of `cells` cells; they shrink to the order in which they are."""
    return st.permutations(range(cells)).map(tuple)
