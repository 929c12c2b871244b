"""Laws behind the permutation property: they hold for every model, exactly, or the measurement
is wrong. A broken law is shrunk to the fewest displaced tokens and printed so that it can be
replayed.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ipllvm.laws.probe import Probe

pytestmark = pytest.mark.law


def test_permutation_identity(probe: "Probe") -> None:
    """The identity permutation changes no token id."""
    from hypothesis import strategies as st

    from ipllvm.perturbations.permutation import Swaps

    probe.hold(probe.difference, st.just(Swaps(())))


def test_permutation_inverse(probe: "Probe") -> None:
    """A permutation followed by its inverse changes no token id."""
    from ipllvm.laws.strategies import swaps
    from ipllvm.perturbations.permutation import Swaps

    def law(forth: Swaps) -> str | None:
        return probe.difference(Swaps(forth.pairs + forth.inverse.pairs))

    probe.hold(law, swaps(probe.picture_tokens))


def test_permutation_seeded(probe: "Probe") -> None:
    """One (seed, sample, draw) is one permutation, whatever the batch size and order; newlines stay."""
    from hypothesis import strategies as st

    def law(case: tuple[int, list[int]]) -> str | None:
        size, order = case
        return probe.orders_differ(size, order)

    samples = range(len(probe.samples))
    probe.hold(law, st.tuples(st.integers(1, 4), st.permutations(samples)))
