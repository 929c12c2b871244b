"""The t tests: means over benchmarks, differences of them, influence values, shared draws."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import stdtr
from scipy.stats import ttest_1samp

from ipllvm.metrics.influence import ratio_difference
from ipllvm.records import Claim, Contrast, Decision
from ipllvm.stats.choice import choose
from ipllvm.stats.crossed import crossed, two_way
from ipllvm.stats.dirichlet import Totals
from ipllvm.stats.student import StudentTest, linearised
from ipllvm.tests.stats.contrasts import singletons
from ipllvm.verdicts.decide import decide, estimate

RUNS = 400


def test_crossed_draws_by_hand() -> None:
    table = np.array([[0, 0.5], [0.5, 1], [0, 0], [0.5, 0.5]])
    found = two_way(table, list("abcd"))
    assert found.mean == pytest.approx(0.375)
    assert (found.clusters, found.draws) == pytest.approx((0.0260417, 0.015625), abs=1e-7)
    assert (found.both, found.variance) == pytest.approx((0.00520833, 0.0364583), abs=1e-7)
    assert found.df == pytest.approx(2.827, abs=5e-4)


def test_crossed_never_falls_below_the_clusters_alone() -> None:
    table = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    assert two_way(table, list("abcd")).variance == two_way(table, list("abcd")).clusters
    with pytest.raises(ValueError, match="two of each"):
        two_way(table[:, :1], list("abcd"))


def test_crossed_draws_widen_what_can_be_said() -> None:
    rng = np.random.default_rng(3)
    shared = np.array([0.1, 0.3, 0.5, 0.3, 0.1])
    table = (rng.random((200, 5)) < shared).astype(float)
    both, nested = crossed(table, singletons(200)), Contrast("x", table.mean(1), singletons(200))
    assert both.interval()[1] - both.interval()[0] > 2 * np.ptp(linearised(nested).interval())
    assert crossed(table[:20], singletons(20)).too_little


def _by_draw(table: np.ndarray, n_error: int = 0) -> Contrast:
    names = singletons(len(table))
    return Contrast("x", table.mean(1), names, 1.0, 0.0, table.shape[1], n_error, crossed=table)


def test_a_claim_on_random_draws_is_decided_over_clusters_and_draws() -> None:
    rng = np.random.default_rng(3)
    table = (rng.random((300, 10)) < np.linspace(0.3, 0.5, 10)).astype(float)
    contrast, claim = _by_draw(table), Claim("x", "x", "at_least", 3.0, "observation", "paper", "costs much")
    found, own = estimate(contrast), crossed(table, singletons(300))
    assert found.method == own.method == "t over clusters and draws"
    assert (found.low, found.high) == pytest.approx(tuple(100 * bound for bound in own.interval()))
    verdict = decide(contrast, claim)
    assert verdict.decision is Decision.HOLDS
    assert verdict.p_holds == pytest.approx(crossed(-table, singletons(300)).p_holds(-0.03))
    reach = max(own.interval()[1] - table.mean(), table.mean() - own.interval()[0]) + 0.8416 * own.error
    assert verdict.minimum_detectable_effect == pytest.approx(100 * reach, rel=1e-3)
    assert reach > (1.6449 + 0.8416) * own.error, "ten draws bound less than the spread alone has it"
    assert "more draws would tell more" in decide(contrast, replace(claim, margin=38.0)).reason
    assert np.ptp(choose(_by_draw(table, n_error=3)).interval()) > np.ptp(own.interval()) + 0.01


@pytest.mark.parametrize("draws", [1, 2, 5, 9])
def test_fewer_than_ten_draws_stand_for_no_others(draws: int) -> None:
    contrast = _by_draw(np.random.default_rng(0).random((60, draws)))
    verdict = decide(contrast, Claim("x", "x", "at_least", 0.0, "observation", "paper", "costs"))
    assert verdict.decision is Decision.UNDECIDED
    assert verdict.reason.startswith(
        f"too little to decide: 60 samples in 60 clusters, {draws} of the 10 draws that others need"
    )


def test_a_strong_draw_that_is_rare_may_not_have_been_drawn() -> None:
    """One strength in five costs half of the score: in 0.8^10 = 11 % of runs none of ten is."""
    weak = np.zeros((300, 10))
    weak[:60] = 0.02
    found = crossed(weak, singletons(300))
    assert found.p_holds(0.1) >= 0.05
    assert found.p_holds(0.6) < 0.01


def test_the_smaller_of_two_tests_never_decides() -> None:
    values = np.concatenate((np.full(40, 0.5), np.zeros(260)))
    test = linearised(Contrast("x", values, singletons(300), lattice=0.0, linearised=True))
    for theta in (0.1, 0.12):
        steps = (test.mean - theta) / test.error
        assert test.p_holds(theta) >= max(stdtr(test.df, steps), test.drawn.p_below(theta, 0.5)) - 1e-12


def _ratio(rng: np.random.Generator, share: float, n: int = 300) -> tuple[Contrast, Contrast]:
    clean = rng.random(n) < 0.8
    kept = clean & (rng.random(n) < share)
    parts = [
        Contrast("x", values.astype(float), singletons(n), samples=singletons(n)) for values in (kept, clean)
    ]
    return parts[0], parts[1]


def test_a_difference_of_ratios_covers_the_truth() -> None:
    missed = 0
    for run in range(RUNS):
        rng = np.random.default_rng(run)
        contrast = ratio_difference("areas", _ratio(rng, 0.9), _ratio(rng, 0.6))
        low, high = linearised(contrast).interval()
        missed += not low <= 0.3 <= high
    assert missed / RUNS <= 0.14


def test_a_difference_of_ratios_is_decided_by_the_t() -> None:
    rng = np.random.default_rng(1)
    first, second = _ratio(rng, 0.9), _ratio(rng, 0.6)
    contrast = ratio_difference("gain", first, second)
    means = [float(part.values.mean()) for part in (*first, *second)]
    assert contrast.values.mean() == pytest.approx(means[0] / means[1] - means[2] / means[3])
    claim = Claim("vit", "gain", "at_least", 10.0, "observation", "paper", "more robust")
    assert decide(contrast, claim).decision is Decision.HOLDS
    assert estimate(contrast).method == "t over clusters of influence values"


def test_ratios_pair_by_sample_and_need_a_denominator() -> None:
    rng = np.random.default_rng(1)
    first, (above, below) = _ratio(rng, 0.9), _ratio(rng, 0.6)
    order = list(range(299, -1, -1))
    turned = tuple(
        Contrast(
            "x",
            c.values[order],
            tuple(c.clusters[i] for i in order),
            samples=tuple(c.samples[i] for i in order),
        )
        for c in (above, below)
    )
    same = ratio_difference("r", first, (above, below))
    assert ratio_difference("r", first, (turned[0], turned[1])).values == pytest.approx(same.values)
    nothing = Contrast("x", np.zeros(300), singletons(300), samples=singletons(300))
    claim = Claim("vit", "r", "at_least", 10.0, "observation", "paper", "more robust")
    found = decide(ratio_difference("r", first, (nothing, nothing)), claim)
    assert found.decision is Decision.UNDECIDED


def test_few_clusters_decide_nothing() -> None:
    rng = np.random.default_rng(2)
    contrast = ratio_difference("gain", _ratio(rng, 0.9, 29), _ratio(rng, 0.1, 29))
    claim = Claim("vit", "gain", "at_least", 10.0, "observation", "paper", "more robust")
    verdict = decide(contrast, claim)
    assert verdict.decision is Decision.UNDECIDED and verdict.reason.startswith("too little to decide")


def influence(n: int = 200, bound: float = 2.0) -> Contrast:
    values = np.random.default_rng(4).normal(0.1, 0.4, n).clip(-bound, bound)
    return Contrast("x", values, singletons(n), bound, lattice=0.0, linearised=True)


def test_of_single_samples_it_is_the_t_test() -> None:
    contrast, test = influence(), linearised(influence())
    low, high = (
        replace(test, drawn=Totals(np.array([end]), np.ones(1), np.array([1e9]))) for end in (-1.0, 1.0)
    )
    for margin in (0.08, 0.1, 0.12):
        less, greater = (
            ttest_1samp(contrast.values, margin, alternative=side) for side in ("less", "greater")
        )
        assert low.p_holds(margin) == pytest.approx(less.pvalue)
        assert high.p_violated(margin) == pytest.approx(greater.pvalue)
    theirs = ttest_1samp(contrast.values, 0.0).confidence_interval(0.80)
    assert (high.interval(0.1)[0], low.interval(0.1)[1]) == pytest.approx((theirs.low, theirs.high))
    assert test.df == 199 and test.own_error == pytest.approx(contrast.values.std(ddof=1) / 200**0.5)
    assert test.interval() == test.interval(0.05) and not test.too_little


@pytest.mark.parametrize("side", [1, -1])
def test_far_from_all_values_only_the_number_of_clusters_counts(side: int) -> None:
    """The t has no doubt there; 120 clusters of up to 4 samples have what the Dirichlet bound leaves."""
    clusters = tuple(f"c{g}" for g in range(120) for _ in range(1 + g % 4))
    values = side * (0.05 + np.random.default_rng(2).normal(0, 0.02, 300))
    contrast = Contrast("x", values, clusters, lattice=0.0, linearised=True)
    index = np.unique(contrast.clusters, return_inverse=True)[1]
    test, sizes, sums = linearised(contrast), np.bincount(index), np.bincount(index, weights=side * values)
    few = Totals.of(sums / 4, sizes / 4).p_below(0.5, 0.5)
    assert not test.too_little and sizes.max() == 4
    assert stdtr(test.df, -(0.5 - 0.05) / test.error) < few / 10
    assert (test.p_holds(0.5) if side > 0 else test.p_violated(-0.5)) == pytest.approx(few)


def test_its_bounds_are_where_its_p_values_are() -> None:
    test = linearised(influence())
    low, high = test.interval(0.05)
    assert test.p_holds(high) == pytest.approx(0.05) == test.p_violated(low)
    assert replace(test, error=100.0).interval() == (-2.0, 2.0)


def test_what_decides_nothing_says_so_everywhere() -> None:
    test = StudentTest.undecided(3.0, "t")
    assert (test.too_little, test.interval(), test.own_error) == (True, (-3.0, 3.0), None)
    assert (test.p_holds(2.9), test.p_violated(-2.9), test.method) == (1.0, 1.0, "t")
    assert not linearised(influence()).at_floor(0.1, 0.0)


def test_without_an_error_only_the_other_test_doubts() -> None:
    drawn = Totals.of(np.full(40, 0.25), np.ones(40))
    test = StudentTest(0.5, 0.0, 39.0, 2.0, "t", drawn)
    assert test.p_holds(0.6) == pytest.approx(drawn.p_below(0.3, 0.5)) and test.p_holds(0.4) == 1.0
    assert test.p_violated(0.4) == pytest.approx(drawn.p_above(0.2, 0.5)) and test.p_violated(0.6) == 1.0


@pytest.mark.parametrize("bound", [1.0, 2.0])
def test_draws_count_in_units_of_the_bound(bound: float) -> None:
    table = bound * np.random.default_rng(3).random((200, 12))
    test, unit = crossed(table, singletons(200), bound), crossed(table / bound, singletons(200))
    assert test.p_holds(0.8 * bound) == pytest.approx(unit.p_holds(0.8))
    assert test.p_violated(0.3 * bound) == pytest.approx(unit.p_violated(0.3))
    assert test.p_holds(0.8 * bound) == pytest.approx(
        max(test.drawn.p_below(0.8, 1.0), stdtr(test.df, (table.mean() - 0.8 * bound) / test.error))
    )
    assert test.df > 0 and two_way(table[:2], list("ab")).df > 0


def test_where_nothing_varies_no_draw_says_anything() -> None:
    found = two_way(np.full((4, 3), 0.25), list("abcd"))
    assert (found.mean, found.variance, found.df) == (0.25, 0.0, 0.0)


@pytest.mark.parametrize(("df", "decides"), [(0.0, False), (0.4, True), (1.0, True), (2.0, True)])
def test_two_clusters_leave_one_degree_of_freedom_which_decides(df: float, decides: bool) -> None:
    test = StudentTest(0.0, 1e-6, df, 1.0, "t", Totals.of(np.zeros(400), np.ones(400)))
    assert test.too_little != decides
    assert (test.own_error == 1e-6) == decides
    low, high = test.interval()
    assert (-1 < low < high < 1) == decides
