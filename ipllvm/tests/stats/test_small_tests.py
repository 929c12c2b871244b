"""Proportions and Holm against precomputed values."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from ipllvm.stats.multiplicity import families, holm
from ipllvm.stats.proportion import proportion_interval


@pytest.mark.parametrize(
    ("proportion", "n", "low", "high"),
    [(17 / 21, 21, 0.6369, 0.9115), (0.0, 21, 0.0, 0.1329), (1.0, 21, 0.8671, 1.0), (0.5, 0, 0.0, 1.0)],
)
def test_proportion(proportion: float, n: float, low: float, high: float) -> None:
    assert proportion_interval(proportion, n) == pytest.approx((low, high), abs=5e-5)


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0.5, 1e4))
def test_proportion_stays_in_range(proportion: float, effective: float) -> None:
    low, high = proportion_interval(proportion, effective)
    assert 0 <= low <= proportion + 1e-9
    assert proportion - 1e-9 <= high <= 1


@pytest.mark.parametrize("proportion", [-0.1, 1.1, float("nan")])
def test_no_proportion(proportion: float) -> None:
    with pytest.raises(ValueError, match="not a proportion"):
        proportion_interval(proportion, 10)


def test_holm() -> None:
    adjusted = holm([0.001, 0.012, 0.02, 0.04, 0.3])
    assert adjusted == pytest.approx((0.005, 0.048, 0.06, 0.08, 0.3))
    assert [p <= 0.05 for p in adjusted] == [True, True, False, False, False]


def test_holm_is_that_of_statsmodels() -> None:
    p_values = [0.04, 0.001, 0.3, 0.001, 0.9, 0.02]
    assert holm(p_values) == pytest.approx(tuple(multipletests(p_values, method="holm")[1]))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_never_lowers_and_keeps_the_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= a <= 1 for p, a in zip(p_values, adjusted, strict=True))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [adjusted[i] for i in order] == sorted(adjusted)


def test_families_are_adjusted_apart() -> None:
    both = families([0.01, 0.04], [0.9, 0.02])
    assert both.holds == pytest.approx((0.02, 0.04))
    assert both.violated == pytest.approx((0.9, 0.04))
    assert families([], []).holds == ()
    with pytest.raises(ValueError, match="2 claims in one family, 1 in the other"):
        families([0.1, 0.2], [0.1])


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_holm_refuses_what_is_no_p_value(p: float) -> None:
    with pytest.raises(ValueError, match="p-value"):
        holm([0.1, p])


def test_certain_p_values_are_p_values() -> None:
    assert holm([0.0, 1.0, 0.5]) == (0.0, 1.0, 1.0) and holm([]) == ()


def test_a_weight_is_a_share_of_the_level_that_is_left() -> None:
    """By hand: 0.01 / 1 x 6, then 0.03 / 2 x 5, then 0.09 / 3 x 3, none below the one before."""
    assert holm([0.03, 0.09, 0.01], [2, 3, 1]) == pytest.approx((0.075, 0.09, 0.06))
    assert holm([0.04, 0.01], [4, 1]) == pytest.approx((0.05, 0.05))
