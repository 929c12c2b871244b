"""Bets against the mean, one cluster after the other in plain loops."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ipllvm.stats.betting import BettingTest, highest, log_evidence, p_value
from ipllvm.tests.stats.contrasts import doubled, flips, scattered, uneven

BETS = [0.01 * 95 ** (i / 19) for i in range(20)]
TOTALS, SIZES = np.array([0.5, 0.0, -0.25, 1.0, 0.0, 0.2]), np.array([1.0, 0.5, 0.5, 1.0, 1.0, 0.25])


def wealth(theta: float, planned: int | None = None) -> list[float]:
    """Of twenty gamblers with a twentieth each, none of whom stakes more than 95 % of what may be lost."""
    own, found, most = [1 / 20] * 20, [], 1 - theta
    hoped = most * (planned or 0)
    for place, (total, size) in enumerate(zip(TOTALS, SIZES, strict=True)):
        step = total - theta * size
        if planned is None:
            lost, stakes = step, [bet / most for bet in BETS]
        else:
            mean = hoped / (planned - place)
            stakes = [min(bet / most, 0.95 / mean) if mean > 0 else bet / most for bet in BETS]
            lost = step - most + mean
        own = [money * (1 - stake * lost) for money, stake in zip(own, stakes, strict=True)]
        hoped += step - most
        found.append(math.log(sum(own)))
    return found


@pytest.mark.parametrize("theta", [-0.5, 0.0, 0.1, 0.3, 0.9])
def test_the_wealth_is_what_twenty_gamblers_have(theta: float) -> None:
    assert log_evidence(TOTALS, SIZES, theta) == pytest.approx(wealth(theta), abs=1e-9)
    assert log_evidence(TOTALS, SIZES, theta, 40) == pytest.approx(wealth(theta, 40), abs=1e-9)


def test_beyond_the_range_all_is_known() -> None:
    assert np.isinf(log_evidence(TOTALS, SIZES, 1.0)).all()
    assert not np.isinf(log_evidence(TOTALS, SIZES, 0.999)).any()


@pytest.mark.parametrize("contrast", [flips(80, 12, 4), scattered(), uneven(), doubled(), flips(66, 11)])
@pytest.mark.parametrize("alpha", [0.05, 0.3])
def test_a_bound_is_where_the_wealth_is_one_over_alpha(contrast: object, alpha: float) -> None:
    test = BettingTest.of(contrast)  # type: ignore[arg-type]
    low, high = test.interval(alpha)
    assert test.p_holds(high) == pytest.approx(alpha, rel=1e-6)
    assert test.p_violated(low) == pytest.approx(alpha, rel=1e-6)
    assert test.method == "betting bound"
    assert test.interval() == test.interval(0.05)


def test_sums_are_in_units_of_the_bound_and_of_the_largest_cluster() -> None:
    contrast = replace(uneven(), bound=2.0)
    test = BettingTest.of(contrast)
    assert test.sizes.max() == 1 and float(test.sizes.sum()) == 24
    assert 2 * 10 * float(test.totals.sum()) == pytest.approx(float(contrast.values.sum()))
    logs = log_evidence(-test.totals, test.sizes, -0.1 / 2.0)
    assert test.p_violated(0.1) == pytest.approx(p_value(float(logs[-1])))


@pytest.mark.parametrize(("clusters", "little"), [(0, True), (1, True), (2, False)])
def test_one_cluster_decides_nothing(clusters: int, little: bool) -> None:
    test = BettingTest.of(flips(clusters, 0))
    assert test.too_little is little and (test.p_holds(0.9) == 1.0) is little
    assert (test.interval() == (-1.0, 1.0)) is little
    assert test.own_error is None and not test.at_floor(0.1, 0.1)


def test_the_largest_mean_that_is_left() -> None:
    assert highest(lambda theta: 10 * theta, 0.05) == pytest.approx(math.log(20) / 10)
    assert highest(lambda theta: 0.0, 0.05) == 1.0
    assert highest(lambda theta: math.inf if theta > 0.25 else -1.0, 0.05) == pytest.approx(0.25)


def test_no_mean_outside_the_range_is_asked_about() -> None:
    asked = []

    def evidence(theta: float) -> float:
        asked.append(theta)
        return math.inf if theta > -0.75 else -1.0

    assert highest(evidence, 0.05) == pytest.approx(-0.75)
    assert min(asked) == -1 and max(asked) < 1
    with pytest.raises(ValueError, match="different signs"):
        highest(lambda theta: math.inf if theta > -1.25 else -1.0, 0.05)


def test_evidence_that_is_just_enough_or_passes_it_by_little() -> None:
    assert highest(lambda theta: math.log(20), 0.05) == 1.0, "just enough everywhere denies nothing"
    assert highest(lambda theta: 4 * theta, 0.05) == pytest.approx(math.log(20) / 4)


@pytest.mark.parametrize(("log", "p"), [(math.log(20), 0.05), (0.0, 1.0), (-3.0, 1.0), (math.inf, 0.0)])
def test_a_p_value_is_one_over_the_wealth(log: float, p: float) -> None:
    assert p_value(log) == pytest.approx(p)


@pytest.mark.parametrize(("short", "known"), [(0.0, False), (1e-9, False), (1.2e-9, True), (0.1, True)])
def test_a_whole_benchmark_below_the_mean_is_known_but_for_rounding(short: float, known: bool) -> None:
    (evidence,) = log_evidence(np.array([-short]), np.ones(1), 0.0, planned=1)
    assert bool(np.isinf(evidence)) is known


def test_so_many_times_the_clusters_are_those_clusters_so_often() -> None:
    once, thrice = flips(40, 6, 2), flips(120, 18, 6)
    grown = BettingTest.of(once).grown(1.5).grown(2.0)
    assert grown.times == 3.0 and grown.interval() == pytest.approx(BettingTest.of(thrice).interval())
    assert grown.p_holds(0.3) == pytest.approx(BettingTest.of(thrice).p_holds(0.3))
