"""Proportions, McNemar and Holm against precomputed values."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest
from statsmodels.stats.multitest import multipletests

from ipllvm.stats.mcnemar import mcnemar
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


def test_mcnemar_of_the_literature() -> None:
    result = mcnemar(1, 7)
    assert result.exact == pytest.approx(0.07031, abs=1e-5)
    assert result.mid_p == pytest.approx(0.03906, abs=1e-5)


@settings(deadline=None)
@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_symmetric_and_mid_p_is_smaller(lost: int, won: int) -> None:
    result = mcnemar(lost, won)
    assert result == mcnemar(won, lost)
    assert 0 <= result.mid_p <= result.exact <= 1


def test_mcnemar_without_change_says_nothing() -> None:
    assert (mcnemar(0, 0).exact, mcnemar(0, 0).mid_p) == (1.0, 1.0)
    with pytest.raises(ValueError, match="below 0"):
        mcnemar(-1, 2)


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


@pytest.mark.parametrize(("lost", "won"), [(0, 5), (5, 0), (3, 3), (1, 7), (12, 30), (0, 0)])
def test_mcnemar_is_the_binomial_test(lost: int, won: int) -> None:
    """The mid-p counts what was seen itself by half (Fagerland, Lydersen & Laake 2014)."""
    result, n = mcnemar(lost, won), lost + won
    assert result.exact == pytest.approx(binomtest(lost, n).pvalue if n else 1.0)
    tail = 2 * binom.cdf(min(lost, won), n, 0.5) - binom.pmf(min(lost, won), n, 0.5)
    assert result.mid_p == pytest.approx(min(1.0, tail))
    with pytest.raises(ValueError, match="counts below 0: 2, -1"):
        mcnemar(2, -1)


def test_certain_p_values_are_p_values() -> None:
    assert holm([0.0, 1.0, 0.5]) == (0.0, 1.0, 1.0) and holm([]) == ()


def test_a_weight_is_a_share_of_the_level_that_is_left() -> None:
    """By hand: 0.01 / 1 x 6, then 0.03 / 2 x 5, then 0.09 / 3 x 3, none below the one before."""
    assert holm([0.03, 0.09, 0.01], [2, 3, 1]) == pytest.approx((0.075, 0.09, 0.06))
    assert holm([0.04, 0.01], [4, 1]) == pytest.approx((0.05, 0.05))
