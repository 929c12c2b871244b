"""Looks at a walk of fair coins: exact levels, what is not spent is kept, and p-values that are valid."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import binom

from ipllvm.sampling import generator
from ipllvm.stats.walk import decides, repeated_p

SHARES = (0.25, 0.5, 0.75, 1.0)


def _paths(changed: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The losses at each look of every way that so many coins can fall."""
    falls = product((0, 1), repeat=changed[-1])
    return [tuple(sum(fall[:number]) for number in changed) for fall in falls]


@pytest.mark.parametrize("changed", [(3, 6, 9, 12), (0, 0, 5, 11), (7, 7, 8, 13)])
@pytest.mark.parametrize("alpha", [0.2, 0.05, 0.01])
def test_all_looks_together_err_in_at_most_alpha_and_p_values_too(
    changed: tuple[int, ...], alpha: float
) -> None:
    paths = _paths(changed)
    assert np.mean([decides(path, changed, SHARES, alpha) for path in paths]) <= alpha
    assert np.mean([repeated_p(path, changed, SHARES) <= alpha for path in paths]) <= alpha


def test_one_look_is_the_sign_test() -> None:
    """5 of 5 has 1/32, 9 of 10 has 11/1024: the least level of the grid that is no less."""
    assert 1 / 32 <= repeated_p([5], [5], [1.0]) <= 1.19 / 32
    assert 11 / 1024 <= repeated_p([9], [10], [1.0]) <= 1.19 * 11 / 1024
    assert repeated_p([5], [10], [1.0]) == 1.0


def test_what_a_look_could_not_spend_the_next_has() -> None:
    """Two changes can't reach any level; then the last look has all of alpha, as if it were the only one."""
    assert decides([2, 5], [2, 5], [0.5, 1.0], 1 / 32)
    assert not decides([2, 5], [2, 5], [0.5, 1.0], 1 / 33)


def test_more_losses_never_raise_the_p_value() -> None:
    rng = generator(0)
    for _ in range(20):
        changed = np.cumsum(rng.integers(0, 9, 4))
        lost = np.cumsum([rng.integers(0, each + 1) for each in np.diff(changed, prepend=0)])
        more = np.minimum(lost + 1, changed)
        assert repeated_p([*more], [*changed], SHARES) <= repeated_p([*lost], [*changed], SHARES)


def test_many_changes_have_finite_levels() -> None:
    assert repeated_p([1300], [2400], [1.0]) < 1e-4 < 0.3 < repeated_p([1205], [2400], [1.0])


@pytest.mark.parametrize(
    ("lost", "changed"), [([3], [2]), ([1, 1], [4, 3]), ([5, 3], [5, 9]), ([0, 3], [9, 11])]
)
def test_counts_that_contradict_themselves_are_refused(lost: list[int], changed: list[int]) -> None:
    with pytest.raises(ValueError, match="counts of a look"):
        repeated_p(lost, changed, SHARES[: len(lost)])


@pytest.mark.parametrize("claims", range(1, 11))
def test_the_levels_of_up_to_ten_claims_are_reached(claims: int) -> None:
    """Of all counts of one look those that are just enough at a level of Holm's are told to be."""
    level = 0.05 / claims
    tails = {(k, n): binom.sf(k - 1, n, 0.5) for n in range(5, 40) for k in range(n // 2, n + 1)}
    (lost, changed), tail = max(
        ((counts, tail) for counts, tail in tails.items() if tail <= level), key=lambda each: each[1]
    )
    assert tail <= repeated_p([lost], [changed], [1.0]) <= level * (1 + 1e-9)
