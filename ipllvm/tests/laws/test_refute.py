"""Laws: a broken one is found, shrunk to the smallest case within the looks, and found again."""

import pytest
from hypothesis import strategies as st

from ipllvm.laws.refute import refute
from ipllvm.laws.strategies import swaps
from ipllvm.perturbations.permutation import Swaps

TOKENS = 16


class Fragile:
    """A law that breaks where a swap displaces token 3; counts how often it is looked at."""

    def __init__(self) -> None:
        self.queries = 0

    def __call__(self, case: Swaps) -> str | None:
        """What is wrong in `case`."""
        self.queries += 1
        touched = any(3 in pair and pair[0] != pair[1] for pair in case.pairs)
        return f"{case} changes the answer" if touched else None


def test_a_law_that_holds_is_not_refuted() -> None:
    assert refute(lambda case: None, swaps(TOKENS)) is None


def test_a_broken_law_is_shrunk_to_one_swap() -> None:
    law = Fragile()
    assert refute(law, swaps(TOKENS)) in {
        "swaps(pairs=0-3) changes the answer",
        "swaps(pairs=3-0) changes the answer",
    }
    assert law.queries <= 5 * 20


def test_refuting_is_deterministic() -> None:
    laws = Fragile(), Fragile()
    assert refute(laws[0], swaps(TOKENS)) == refute(laws[1], swaps(TOKENS))
    assert laws[0].queries == laws[1].queries


@pytest.mark.parametrize("queries", [1, 3, 20])
def test_looks_are_capped(queries: int) -> None:
    law = Fragile()
    refute(law, swaps(TOKENS), queries)
    assert law.queries <= 5 * queries


def test_a_law_that_holds_is_looked_at_no_more_than_asked() -> None:
    seen: list[int] = []
    refute(lambda case: seen.append(case), st.integers(), queries=7)
    assert 1 <= len(seen) <= 7


def test_an_exception_in_a_law_is_no_counterexample() -> None:
    def law(case: int) -> str | None:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        refute(law, st.integers())
