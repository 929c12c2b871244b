"""Means over benchmarks: one contrast with a stratum for each."""

from dataclasses import replace

import numpy as np
import pytest

from ipllvm.records import Contrast, Failed
from ipllvm.stats.choice import choose
from ipllvm.stats.missing import at_worst
from ipllvm.stats.protocol import HypothesisTest
from ipllvm.stats.score_interval import ScoreTest
from ipllvm.stats.strata import combined, stratified
from ipllvm.tests.stats.contrasts import flips


def _mean(test: ScoreTest) -> float:
    return test.mean * test.bound


def difference(first: Contrast, second: Contrast) -> HypothesisTest:
    return combined([(1.0, first), (-1.0, second)])


def test_one_benchmark_is_its_own_test() -> None:
    alone, one = ScoreTest.of(flips(300, 12, 6, size=10)), stratified([(1.0, flips(300, 12, 6, size=10))])
    assert one.interval() == pytest.approx(alone.interval())
    assert (one.df, one.effective, one.worst) == (alone.df, alone.effective, alone.worst)


def test_alike_benchmarks_are_one_large_one() -> None:
    halves, whole = combined([(0.5, flips(150, 6, 3))] * 2), ScoreTest.of(flips(300, 12, 6))
    assert halves.interval() == pytest.approx(whole.interval(), abs=1e-4)


def test_a_mean_of_benchmarks_weighs_them_alike() -> None:
    test = stratified([(0.5, flips(1000, 100)), (0.5, flips(50, 0))])
    assert _mean(test) == pytest.approx(0.05)
    assert test.interval()[1] > 0.05 + 0.5 * 3 / 50, "no flip in fifty leaves 3 / 50 possible"


def test_the_spread_is_that_inside_the_benchmarks() -> None:
    apart = stratified([(0.5, flips(200, 100)), (0.5, flips(200, 0))])
    assert apart.deff < ScoreTest.of(flips(400, 100)).deff


@pytest.mark.parametrize("margin", [-0.02, 0.0, 0.03, 0.15])
def test_bounds_and_p_values_agree(margin: float) -> None:
    test = difference(flips(200, 40, n_error=2), flips(100, 5))
    low, high = test.interval(0.05)
    assert (test.p_holds(margin) <= 0.05) == (high <= margin)
    assert (test.p_violated(margin) <= 0.05) == (low >= margin)


def test_missing_samples_widen_and_little_says_nothing() -> None:
    whole = difference(flips(200, 40), flips(100, 5))
    holed = difference(flips(200, 40), flips(99, 5, n_error=1))
    assert isinstance(whole, ScoreTest) and _mean(whole) == pytest.approx(0.15)
    assert holed.interval()[1] > whole.interval()[1] + 0.005
    nothing = difference(flips(200, 40), flips(1, 1))
    assert nothing.too_little and nothing.p_holds(0.5) == 1.0


def test_a_benchmark_with_missing_samples_is_its_own_test() -> None:
    """Each side of a sum is at its worst: of a mean that is taken off, at the other end."""
    holed, other = flips(200, 40, n_error=50), flips(100, 5)
    assert combined([(1.0, holed)]).interval() == pytest.approx(choose(holed).interval())
    apart = difference(other, holed)
    low, high = (stratified([(1.0, other), (-1.0, at_worst(holed, side))]) for side in (1, -1))
    assert apart.interval() == (low.interval()[0], high.interval()[1])


def test_what_is_known_of_missing_samples_is_used() -> None:
    """Three of 300 failed when perturbed, and were right when clean: they may have lost, not gained."""
    values, names = np.zeros(297), tuple(f"c{i}" for i in range(297))
    blind = Contrast("drop", values, names, n_error=3)
    named = replace(blind, failed=tuple(Failed(s, s, 0.0, 1.0) for s in "xyz"))
    for make in (choose, lambda c: combined([(1.0, c)])):
        wide, narrow = make(blind).interval(), make(named).interval()
        assert narrow[1] == pytest.approx(wide[1], abs=1e-9)
        assert narrow[0] == pytest.approx(ScoreTest.of(flips(300, 0)).interval()[0]) and narrow[0] > wide[0]


@pytest.mark.parametrize(("weights", "error"), [((0.5, 0.5), 0), ((0.25, 0.75), 0), ((0.5, 0.5), 3)])
def test_means_on_the_same_clusters_are_no_surer_than_one(weights: tuple[float, float], error: int) -> None:
    part = flips(300, 24, 12, n_error=error)
    one = combined([(1.0, part)]).interval()
    both = [(weight, part) for weight in weights]
    assert combined(both, ("scenes", "scenes")).interval() == pytest.approx(one, abs=2e-3)
    low, high = combined(both, ("scenes", "charts")).interval()
    assert high - low < 0.9 * (one[1] - one[0])
    assert combined(both, ("scenes", "charts")).interval() == combined(both).interval()


def test_a_part_with_one_cluster_decides_nothing_though_another_has_more() -> None:
    terms = [(0.5, flips(200, 10)), (0.5, flips(1, 1))]
    assert combined(terms, ("scenes", "scenes")).too_little
    assert combined([(0.5, flips(200, 10)), (0.5, flips(1, 1))]).too_little
    assert not combined([(0.5, flips(200, 10)), (0.5, flips(2, 1))]).too_little, "two clusters have a spread"
