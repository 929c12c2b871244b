"""Samples without a value: bounds and margins by hand, each the inverse of the other."""

from dataclasses import replace

import pytest

from ipllvm.stats.missing import Missing
from ipllvm.tests.stats.contrasts import doubled, flips


def test_their_share_and_their_reach() -> None:
    assert Missing.of(flips(60, 5, n_error=20)) == Missing(0.25, -0.25, 0.25)
    assert Missing.of(flips(60, 5)) == Missing() == Missing(0.0, 0.0, 0.0)
    assert Missing.of(flips(0, 0)) == Missing()
    assert Missing.of(flips(0, 0, n_error=3)) == Missing(1.0, -1.0, 1.0)
    assert Missing.of(flips(0, 0, n_error=1)) == Missing(1.0, -1.0, 1.0)
    assert Missing.of(flips(1, 0, n_error=1)) == Missing(0.5, -0.5, 0.5)


def test_in_twice_the_range_they_reach_twice_as_far() -> None:
    assert Missing.of(replace(doubled(), n_error=50)) == Missing(0.2, -0.4, 0.4)
    assert Missing.of(replace(doubled(), n_error=50, unknown=(-25.0, 0.0))) == Missing(0.2, -0.1, 0.0)


@pytest.mark.parametrize("missing", [Missing(), Missing(0.25, -0.1, 0.2), Missing(0.5, 0.0, 0.5)])
def test_a_bound_is_met_where_the_margin_is(missing: Missing) -> None:
    low, high = missing.widened((-0.3, 0.6))
    assert low == pytest.approx((1 - missing.share) * -0.3 + missing.least)
    assert high == pytest.approx((1 - missing.share) * 0.6 + missing.most)
    assert missing.complete_margin(high, 1) == pytest.approx(0.6)
    assert missing.complete_margin(low, -1) == pytest.approx(-0.3)


def test_no_margin_is_left_where_nothing_was_measured() -> None:
    with pytest.raises(ValueError, match="no sample has a value"):
        Missing(1.0, -1.0, 1.0).complete_margin(0.0, 1)
