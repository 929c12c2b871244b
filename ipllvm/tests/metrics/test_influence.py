"""Differences of ratios: their values, and how far one sample can move them."""

import numpy as np
import pytest

from ipllvm.metrics import influence
from ipllvm.records import Contrast

IDS = ("a", "b", "c", "d")


def contrast(
    values: list[float], bound: float = 1.0, over: Contrast | None = None, share: float = 0.0
) -> Contrast:
    ids = IDS[: len(values)]
    return Contrast("x", np.array(values), ids, bound=bound, samples=ids, over=over, share=share)


def claimed(values: list[float], share: float = 0.5) -> Contrast:
    """A claim that a ratio over the mean of 1, 1, 1, 0 (0.75) is at most `share`."""
    return contrast(values, bound=1.5, over=contrast([1.0, 1.0, 1.0, 0.0]), share=share)


def test_the_ratio_of_a_claim_is_that_of_the_means() -> None:
    assert influence.ratio(claimed([0.25, 0.25, 0.25, 0.0])) == pytest.approx((0.75 / 4 + 0.5 * 0.75) / 0.75)


def test_one_sample_moves_a_claim_s_ratio_by_its_own_reach_and_by_the_denominator_s() -> None:
    """(1.5 + |0.75 - 0.5| x 1) / 0.75 and, at the ratio that is claimed, 1.5 / 0.75."""
    assert influence._claimed_reach(claimed([0.25, 0.25, 0.25, 0.0])) == pytest.approx(1.75 / 0.75)
    assert influence._claimed_reach(claimed([0.0] * 4)) == pytest.approx(1.5 / 0.75)
    assert influence._claimed_reach(claimed([-0.25, -0.25, -0.25, 0.0])) == pytest.approx(1.75 / 0.75)


def test_a_change_lies_within_what_both_claims_can_be_moved_by() -> None:
    old, new = claimed([0.0] * 4), claimed([0.25, 0.25, 0.25, 0.0])
    worse, better = (influence.ratio_change("x", sign, old, new) for sign in (1.0, -1.0))
    assert worse.values.mean() == pytest.approx(0.25)
    np.testing.assert_allclose(worse.values, -better.values)
    assert worse.bound == pytest.approx(1.5 / 0.75 + 1.75 / 0.75 + 0.25)
    assert np.abs(worse.values).max() <= worse.bound


def test_a_difference_of_ratios_is_that_of_its_influence_values() -> None:
    first = contrast([1.0, 0.0, 1.0, 0.0]), contrast([1.0, 1.0, 1.0, 1.0])
    second = contrast([0.0, 0.0, 1.0, 0.0]), contrast([1.0, 0.0, 1.0, 0.0])
    found = influence.ratio_difference("x", first, second)
    assert found.values.mean() == pytest.approx(0.5 - 0.25 / 0.5)
    np.testing.assert_allclose(found.values, [1.0 + 0.5, 0.0 - 0.5, 1.0 - 1.5, 0.0 - 0.5])
    assert found.bound == pytest.approx(0.0 + (1 + 0.5) / 1 + (1 + 0.5) / 0.5)
    assert (found.linearised, found.lattice) == (True, 0.0)


def test_only_samples_that_all_have_are_compared() -> None:
    short = contrast([0.0, 1.0])
    found = influence.ratio_difference(
        "x", (contrast([1.0, 0.0, 1.0, 0.0]), contrast([1.0] * 4)), (short, short)
    )
    assert found.samples == ("a", "b")
    assert found.values.mean() == pytest.approx(0.5 - 1.0)


def test_nothing_over_nothing_has_no_values() -> None:
    nothing = contrast([0.0, 0.0])
    assert len(influence.ratio_difference("x", (nothing, nothing), (nothing, nothing)).values) == 0
    with pytest.raises(ValueError, match="no claim on a ratio"):
        influence.ratio(contrast([1.0]))


def test_what_stands_above_the_line_can_reach_its_own_bound_and_the_share_of_the_denominator_s() -> None:
    over = contrast([0.5, 0.5, 0.25], bound=0.5)
    above, below = influence._parts(contrast([0.1, 0.0, 0.1], bound=0.75, over=over, share=0.4))
    assert above.bound == pytest.approx(0.75 + 0.4 * 0.5)
    np.testing.assert_allclose(above.values, [0.3, 0.2, 0.2])
    assert below is over
