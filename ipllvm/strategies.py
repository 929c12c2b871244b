"""Hypothesis strategies for laws; estimates never come from here (ipllvm/sampling.py)."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ipllvm.perturbations.permutation import Swaps


def swaps(tokens: int, most: int = 8) -> SearchStrategy[Swaps]:
    """Re-orderings of `tokens` picture tokens as the identity plus a list of swaps.

    They shrink to the fewest displaced tokens.
    """
    place = st.integers(0, tokens - 1)
    return st.lists(st.tuples(place, place), max_size=most).map(lambda pairs: Swaps(tuple(pairs)))
