"""Which test decides, and that a verdict follows it."""

from dataclasses import replace

import numpy as np
import pytest

from ipllvm import claims
from ipllvm.records import EXACT, Contrast, Decision, Failed
from ipllvm.stats.betting import BettingTest
from ipllvm.stats.choice import choose, turned
from ipllvm.stats.clusters import effective_clusters
from ipllvm.stats.dirichlet import DirichletTest
from ipllvm.stats.power import powered_level
from ipllvm.stats.rounding import rounded_up
from ipllvm.stats.score_interval import ScoreTest
from ipllvm.tests.stats.contrasts import flips, singletons
from ipllvm.verdicts import decide


def _contrast(informing: int, n: int = 300, *, weighted: bool) -> Contrast:
    values = np.zeros(n)
    values[:informing] = 0.5
    return Contrast("kept", values, tuple(str(i) for i in range(n)), lattice=0.0, weighted=weighted)


FEW = [(25, True)]
MANY = [(35, True), (3, False)]


@pytest.mark.parametrize(
    ("informing", "weighted", "kind"),
    [*((*few, DirichletTest) for few in FEW), *((*many, ScoreTest) for many in MANY)],
)
def test_few_informing_clusters_of_a_weighted_sum_are_left_to_the_dirichlet_bound(
    informing: int, weighted: bool, kind: type
) -> None:
    assert isinstance(choose(_contrast(informing, weighted=weighted)), kind)


@pytest.mark.parametrize(("informing", "worth", "kind"), [(28, 29.6, DirichletTest), (29, 30.8, ScoreTest)])
def test_few_are_fewer_than_thirty(informing: int, worth: float, kind: type) -> None:
    contrast = _contrast(informing, 1000, weighted=True)
    assert effective_clusters(contrast) == pytest.approx(worth, abs=0.1)
    assert isinstance(choose(contrast), kind)


def test_an_estimate_and_its_verdict_come_from_the_same_test() -> None:
    contrast = _contrast(5, weighted=True)
    judge = choose(contrast)
    found = decide.estimate(contrast, replicates=0)
    assert found.method == "Dirichlet bound, one worst cluster"
    assert (found.low, found.high) == pytest.approx(tuple(100 * b for b in judge.interval(0.05)))
    claim = replace(claims.load()["occlusion"], margin=-10.0)
    verdict = decide.decide(contrast, claim)
    assert verdict.p_holds == pytest.approx(
        DirichletTest.of(replace(contrast, values=-contrast.values)).p_holds(0.1)
    )
    assert verdict.decision is Decision.HOLDS


def test_the_proven_bound_is_the_wider_one_and_can_be_asked_for() -> None:
    contrast = _contrast(5, weighted=True)
    bets, bound = choose(contrast, "bets"), choose(contrast)
    assert isinstance(bets, BettingTest) and isinstance(bound, DirichletTest)
    assert bets.interval(0.05)[0] < bound.interval(0.05)[0] <= float(contrast.values.mean())
    assert bets.interval(0.05)[1] > bound.interval(0.05)[1] > float(contrast.values.mean())
    claim = replace(claims.load()["occlusion"], margin=-10.0, exact="bets")
    opposite = BettingTest.of(replace(contrast, values=-contrast.values))
    assert decide.decide(contrast, claim).p_holds == opposite.p_holds(0.1)
    open_ = decide.decide(contrast, replace(claim, margin=-1.0))
    assert open_.n_to_decide is not None and f"about {rounded_up(open_.n_to_decide)} samples" in open_.reason
    grown = opposite.grown(open_.n_to_decide / len(contrast.values))
    assert opposite.p_holds(0.01) > grown.p_holds(0.01) == pytest.approx(powered_level(0.05), rel=0.05)


@pytest.mark.parametrize(
    ("steps", "n"), [(((0.02, 0.96), (-1.0, 0.04)), 50), (((-0.1, 0.1), (0.1, 0.1), (-1.0, 0.015)), 150)]
)
def test_both_tests_are_valid_where_few_graded_samples_win_all(
    steps: tuple[tuple[float, float], ...], n: int
) -> None:
    """The usual test had said VIOLATED falsely in 13 and 8 % of these (reports/measured.md)."""
    values, chances = map(np.array, zip(*steps, (0.0, 1 - sum(p for _, p in steps)), strict=True))
    rng, false = np.random.default_rng(1), {"dirichlet": 0, "bets": 0}
    for _ in range(200):
        drawn = Contrast("graded", rng.choice(values, n, p=chances), singletons(n), lattice=0.0)
        for exact in EXACT:
            false[exact] += choose(drawn, exact).p_violated(float(values @ chances)) <= 0.05
    assert false["bets"] <= 4 and false["dirichlet"] <= 16


def test_bets_decide_no_clusters_that_depend_on_each_other() -> None:
    for weighted in (False, True):
        shared = replace(_contrast(5, weighted=weighted), shared=2.0)
        assert not isinstance(choose(shared, "bets"), BettingTest)
        assert choose(shared, "bets").p_holds(0.03) == choose(shared).p_holds(0.03)
        assert isinstance(choose(replace(shared, shared=1.0), "bets"), BettingTest)


def test_where_nothing_changed_the_bound_is_exact_for_weighted_sums_too() -> None:
    test = choose(_contrast(0, weighted=True))
    assert test.method == "exact bound, nothing changed"
    assert test.p_holds(0.02) == pytest.approx(0.98**300)


TABLE = np.random.default_rng(3).random((60, 12))
SIDED = {
    "few that inform": replace(_contrast(5, weighted=True), n_error=3, failed=(Failed("s", "s", -0.5, 1.0),)),
    "influence values": replace(_contrast(60, weighted=True), linearised=True, n_error=2),
    "shared draws": Contrast("x", TABLE.mean(1), singletons(60), 1.0, 0.0, 12, 2, crossed=TABLE),
}


@pytest.mark.parametrize("exact", EXACT)
@pytest.mark.parametrize("name", SIDED)
def test_the_opposite_contrast_has_the_opposite_bounds(name: str, exact: str) -> None:
    test, opposite = choose(SIDED[name], exact), choose(turned(SIDED[name], -1), exact)
    low, high = test.interval(0.05)
    assert opposite.interval(0.05) == pytest.approx((-high, -low), abs=1e-6)
    assert opposite.p_holds(-0.03) == pytest.approx(test.p_violated(0.03))


def test_turned_twice_a_contrast_is_itself() -> None:
    contrast = replace(flips(20, 5, 2, n_error=5), failed=(Failed("s", "s", -0.5, 1.0),))
    once = turned(contrast, -1)
    assert float(once.values.sum()) == -3.0 and once.failed == (Failed("s", "s", -1.0, 0.5),)
    twice = turned(once, -1)
    assert (list(twice.values), twice.failed) == (list(contrast.values), contrast.failed)
    assert turned(contrast, 1) is contrast
