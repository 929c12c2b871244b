"""Hypothesis strategies for laws; estimates never come from here (ipllvm/sampling.py)."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ipllvm.perturbations.permutation import Swaps
from ipllvm.perturbations.selection import Keep
from ipllvm.records import Benchmark


def swaps(tokens: int, most: int = 8) -> SearchStrategy[Swaps]:
    """Re-orderings of `tokens` picture tokens as the identity plus a list of swaps.

    They shrink to the fewest displaced tokens.
    """
    place = st.integers(0, tokens - 1)
    return st.lists(st.tuples(place, place), max_size=most).map(lambda pairs: Swaps(tuple(pairs)))


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


def some_of(
    data: Benchmark, among: Benchmark | None = None, *, apart: bool = False, most: int = 6
) -> SearchStrategy[Benchmark]:
    """A few samples of a benchmark; they shrink to the first two.

    They are of those whose ids are `among` others, and `apart` each of a cluster of its own.
    """
    ids = {sample.id for sample in (among or data).samples}
    samples = [sample for sample in data.samples if sample.id in ids]
    if apart:
        samples = list({sample.cluster: sample for sample in reversed(samples)}.values())[::-1]
    places = st.integers(0, len(samples) - 1)
    few = st.lists(places, min_size=min(2, len(samples)), max_size=most, unique=True)
    return few.map(lambda chosen: data.part(samples[place] for place in sorted(chosen)))
