"""The interval of a proportion is statsmodels', which takes a second to import."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from ipllvm.stats.proportion import proportion_interval


@given(st.floats(0, 1), st.floats(0.5, 5_000), st.floats(0.001, 0.2))
def test_it_is_wilsons_and_exact_at_the_ends(proportion: float, effective: float, alpha: float) -> None:
    method = "beta" if proportion in (0, 1) else "wilson"
    expected = proportion_confint(proportion * effective, effective, alpha=2 * alpha, method=method)
    found = proportion_interval(proportion, effective, alpha)
    assert found == pytest.approx((max(expected[0], 0), min(expected[1], 1)), abs=1e-9)


@pytest.mark.parametrize("proportion", [0.0, 1.0])
@pytest.mark.parametrize("effective", [1, 7, 60.5])
def test_at_the_ends_it_is_exact(proportion: float, effective: float) -> None:
    low, high = proportion_interval(proportion, effective, 0.05)
    expected = proportion_confint(proportion * effective, effective, alpha=0.1, method="beta")
    assert (low, high) == pytest.approx((max(expected[0], 0), min(expected[1], 1)), abs=1e-12)
