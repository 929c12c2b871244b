"""Alpha spending, against the joint normal law of the looks and the published boundaries."""

from itertools import pairwise
from math import e, log

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from ipllvm.stats.spending import levels, looks_at, repeated_p, spent

FIVE = (0.2, 0.4, 0.6, 0.8, 1.0)


def test_five_looks_have_the_published_boundaries() -> None:
    """Lan & DeMets' Pocock type at 2.5 % one-sided, as their program and gsDesign print it."""
    found = norm.isf(levels(FIVE, 0.025))
    assert found == pytest.approx([2.4380, 2.4268, 2.4101, 2.3966, 2.3859], abs=2e-3)


@pytest.mark.parametrize("alpha", [0.05, 0.01, 0.3])
@pytest.mark.parametrize("shares", [(1.0,), (0.5, 1.0), (0.1, 0.7), (0.2, 0.5, 1.0), (0.3, 0.4, 0.9)])
def test_up_to_each_look_as_much_is_spent_as_may_be(shares: tuple[float, ...], alpha: float) -> None:
    boundary = norm.isf(levels(shares, alpha))
    for looks in range(1, len(shares) + 1):
        seen = np.array(shares[:looks])
        law = np.sqrt(np.minimum.outer(seen, seen) / np.maximum.outer(seen, seen))
        crossed = 1 - multivariate_normal(np.zeros(looks), law).cdf(boundary[:looks])
        assert crossed == pytest.approx(spent(seen[-1], alpha), rel=4e-3)


@pytest.mark.parametrize(
    ("share", "used"), [(-1.0, 0.0), (0.0, 0.0), (0.5, log(1 + (e - 1) / 2)), (1.0, 1.0), (1.5, 1.0)]
)
def test_what_is_spent_by_a_share(share: float, used: float) -> None:
    assert spent(share, 0.02) == pytest.approx(0.02 * used)
    assert spent(share) == pytest.approx(0.05 * used)


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.6, 0.5), (0.0, 0.5), (0.5, 1.1), (-0.1,), (0.2, 0.2, 1.0)])
def test_shares_that_do_not_rise_are_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="do not rise"):
        levels(shares)


@pytest.mark.parametrize("alpha", [0.4, 0.05, 0.001])
@pytest.mark.parametrize("look", [0, 1, 4])
def test_the_p_value_is_the_level_at_which_a_look_would_have_decided(alpha: float, look: int) -> None:
    quiet = [0.9] * look
    assert repeated_p([*quiet, levels(FIVE, alpha)[look]], FIVE) == pytest.approx(alpha, rel=0.03)


def test_it_is_that_of_the_best_look_from_a_millionth_to_a_half() -> None:
    first = levels(FIVE, 0.01)[0]
    assert repeated_p([first, 0.9, 0.9], FIVE) == repeated_p([first], FIVE)
    assert repeated_p([], FIVE) == repeated_p([0.6], FIVE) == repeated_p([0.6, 1.0], FIVE) == 1.0
    assert repeated_p([0.0], FIVE) == repeated_p([1e-9], FIVE) <= 4e-6


@pytest.mark.parametrize(
    ("planned", "looks", "expected"),
    [(100, 6, (17, 34, 50, 67, 84, 100)), (100, 1, (100,)), (3, 6, (1, 2, 3)), (12, 4, (3, 6, 9, 12))],
)
def test_looks_are_equally_far_apart(planned: int, looks: int, expected: tuple[int, ...]) -> None:
    assert looks_at(planned, looks) == expected
    assert all(before < after for before, after in pairwise(expected))
