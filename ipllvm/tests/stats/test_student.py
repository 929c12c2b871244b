"""The t tests: means over benchmarks, differences of them, influence values, shared draws."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import stdtr

from ipllvm.metrics.influence import ratio_difference
from ipllvm.records import Claim, Contrast, Decision
from ipllvm.stats.choice import choose
from ipllvm.stats.crossed import crossed, two_way
from ipllvm.stats.student import linearised
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
