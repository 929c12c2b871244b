"""Fieller's set against the t test that it inverts, and how it is told."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from ipllvm.records import Contrast
from ipllvm.stats.choice import INDISTINCT
from ipllvm.stats.fieller import Ratio, ratio
from ipllvm.tests.stats.contrasts import singletons


def sides(n: int = 80) -> tuple[Contrast, Contrast]:
    rng = np.random.default_rng(5)
    below = rng.uniform(0.3, 1.0, n)
    above = below * 0.4 + rng.uniform(-0.2, 0.2, n)
    made = (Contrast(name, values, singletons(n)) for name, values in (("above", above), ("below", below)))
    return next(made), next(made)


@pytest.mark.parametrize("alpha", [0.05, 0.01, 0.2])
def test_at_either_end_the_t_test_is_just_met(alpha: float) -> None:
    above, below = sides()
    found = ratio(above, below, alpha)
    assert found.value == pytest.approx(above.values.mean() / below.values.mean())
    assert found.interval is not None and found.value is not None
    limit = stats.t.isf(alpha, 79)
    for end, steps in zip(found.interval, (limit, -limit), strict=True):
        assert stats.ttest_1samp(above.values - end * below.values, 0).statistic == pytest.approx(steps)
    assert found.interval[0] < found.value < found.interval[1]


def test_twice_every_sample_in_one_cluster_is_no_more_known() -> None:
    pair = sides()
    above, below = (
        replace(each, values=np.repeat(each.values, 2), clusters=tuple(np.repeat(each.clusters, 2)))
        for each in pair
    )
    assert ratio(above, below).interval == pytest.approx(ratio(*pair).interval)
    assert ratio(*pair) == ratio(*pair, 0.05)


def test_how_a_ratio_is_told() -> None:
    assert str(Ratio(0.5, (0.25, 0.875))) == "0.50 [0.25, 0.88]"
    assert str(Ratio(0.5, None)) == "0.50 [unbounded]"
    assert str(Ratio(None, None)) == f"undefined: {INDISTINCT}"
