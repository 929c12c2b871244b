"""Sequential evidence against precomputed values, its laws, and its errors at the margin."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.records import Contrast, Decision
from ipllvm.sampling import generator
from ipllvm.stats.betting import BettingTest, log_evidence
from ipllvm.stats.sequential import Order, Sequential, Stop, expected_samples, running_p
from ipllvm.tests.stats.contrasts import flips, singletons

MARGIN = 0.02


def _of(contrast: Contrast, *, benchmark: bool = False, planned: int | None = None) -> Sequential:
    order = Order.of(contrast.clusters if planned is None else singletons(planned))
    return Sequential.of(contrast, order, benchmark=benchmark)


def _every_tenth() -> Contrast:
    values = np.zeros(500)
    values[::10] = 1
    return Contrast("drop", values, singletons(500))


def _triples() -> Contrast:
    totals = [3, 0, 1, -1, 0, 0, 2, 0, 0, 1] * 10
    rows = {3: (1, 1, 1), 2: (1, 1, 0), 1: (1, 0, 0), 0: (0, 0, 0), -1: (-1, 0, 0)}
    values = np.array([value for total in totals for value in rows[total]], dtype=float)
    return Contrast("drop", values, tuple(f"c{i // 3}" for i in range(300)))


def test_nothing_changed() -> None:
    found = _of(flips(300, 0))
    logs = found.log_holds(MARGIN)
    assert (logs[9], logs[99]) == pytest.approx((0.0463276, 0.62882), abs=5e-6)
    assert found.stop(MARGIN) == Stop(Decision.HOLDS, 286)


@pytest.mark.parametrize(("planned", "clusters"), [(300, 186), (1000, 250)])
def test_nothing_changed_in_this_benchmark(planned: int, clusters: int) -> None:
    assert _of(flips(planned, 0), benchmark=True).stop(MARGIN) == Stop(Decision.HOLDS, clusters)
    seen = _of(flips(clusters, 0), benchmark=True, planned=planned)
    assert seen.stop(MARGIN) == Stop(Decision.HOLDS, clusters)


def test_every_tenth_sample_lost() -> None:
    found = _of(_every_tenth())
    logs = found.log_violated(MARGIN)
    assert (logs[0], logs[9], logs[99]) == pytest.approx((0.192574, 0.144907, 2.61267), abs=5e-6)
    assert found.stop(MARGIN) == Stop(Decision.VIOLATED, 101)
    assert _of(_every_tenth(), benchmark=True).stop(MARGIN) == Stop(Decision.VIOLATED, 91)
    assert [100 * bound for bound in found.interval()] == pytest.approx([6.6, 14.6], abs=0.1)


def test_clusters_of_three() -> None:
    contrast = _triples()
    found = Sequential.of(contrast, Order.of(contrast.clusters))
    assert found.stop(MARGIN) == Stop(Decision.VIOLATED, 43)
    assert found.log_violated(MARGIN)[-1] == pytest.approx(8.6048, abs=5e-5)


def test_a_verdict_once_given_stays() -> None:
    contrast = _every_tenth()
    turned = np.concatenate([contrast.values, np.zeros(4000)])
    longer = Contrast("drop", turned, singletons(4500))
    assert _of(longer).stop(MARGIN) == Stop(Decision.VIOLATED, 101)
    assert _of(longer).p_violated(MARGIN) <= _of(contrast).p_violated(MARGIN)


def test_what_is_known_at_the_end_of_a_benchmark() -> None:
    for lost, decision in ((0, Decision.HOLDS), (2, Decision.VIOLATED)):
        stop = _of(flips(40, lost), benchmark=True).stop(MARGIN)
        assert stop is not None and stop.decision is decision


def test_missing_samples_sit_at_the_worst_end() -> None:
    whole, holed = flips(300, 0), flips(297, 0, n_error=3)
    seen = Sequential.of(holed, Order.of(singletons(300)))
    assert seen.p_holds(MARGIN) > _of(whole).p_holds(MARGIN)
    assert seen.interval()[1] > _of(whole).interval()[1]


def test_a_cluster_is_complete_or_unseen() -> None:
    order = Order.of(["a", "a", "b", "b", "c"])
    with pytest.raises(ValueError, match="inside a cluster"):
        Sequential.of(Contrast("drop", np.zeros(3), ("a", "a", "b")), order)
    with pytest.raises(ValueError, match="not among the first"):
        Sequential.of(Contrast("drop", np.zeros(2), ("b", "b")), order)
    with pytest.raises(ValueError, match="more samples than planned"):
        Sequential.of(Contrast("drop", np.zeros(4), ("a", "a", "a", "b")), order)


def test_a_part_of_the_samples_keeps_the_largest_cluster_of_the_plan() -> None:
    contrast = flips(50, 0)
    small, large = (Sequential.of(contrast, Order.of(contrast.clusters, largest)) for largest in (1, 4))
    assert small.p_holds(0.1) < large.p_holds(0.1)


@pytest.mark.parametrize(("n", "planned"), [(0, 0), (1, 5)])
def test_one_cluster_decides_nothing(n: int, planned: int) -> None:
    found = _of(flips(n, 0), planned=planned)
    assert found.interval() == (-1.0, 1.0)
    assert (found.p_holds(0.5), found.p_violated(-0.5)) == (1.0, 1.0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.0, 0.0, 0.5, 1.0]), min_size=2, max_size=60),
    st.floats(-0.4, 0.4),
    st.booleans(),
)
def test_bounds_and_p_values_agree(values: list[float], margin: float, benchmark: bool) -> None:
    found = _of(Contrast("drop", np.array(values), singletons(len(values))), benchmark=benchmark)
    low, high = found.interval()
    assert -1 <= low <= high <= 1
    if found.p_holds(margin) < 0.0499:
        assert high <= margin + 1e-9
    if found.p_violated(margin) < 0.0499:
        assert low >= margin - 1e-9
    assert not math.isnan(found.log_holds(margin)[-1])


@pytest.mark.parametrize("benchmark", [False, True])
def test_false_verdicts_at_the_margin_however_often_one_looks(benchmark: bool) -> None:
    wrong = {Decision.HOLDS: 0, Decision.VIOLATED: 0}
    for run in range(400):
        rng = generator(11, run)
        u = rng.random(300)
        values = (u < 0.06).astype(float) - (u > 0.96)
        contrast = Contrast("drop", values, singletons(300))
        margin = float(values.mean()) if benchmark else 0.02
        stop = _of(contrast, benchmark=benchmark).stop(margin)
        if stop is not None and not (benchmark and stop.clusters == 300):
            wrong[stop.decision] += 1
    assert max(wrong.values()) / 400 <= 0.08


def test_running_p_never_rises() -> None:
    p = running_p(np.array([9.0, 1.0, 10.0]))
    assert p[0] == 1.0 and (np.diff(p) <= 0).all()


def test_expected_samples() -> None:
    assert [round(expected_samples(psi, 0.05)) for psi in (0.05, 0.10, 0.20)] == [170, 340, 680]
    assert expected_samples(0.0, 0.02) == pytest.approx(285)
    assert expected_samples(0.1, 0.0) == math.inf


def test_the_bound_of_a_fixed_sample_is_the_last_of_the_sequence() -> None:
    contrast = flips(200, 12, 6)
    fixed, running = BettingTest.of(contrast), _of(contrast)
    for margin in (0.0, 0.1, 0.2):
        assert fixed.p_holds(margin) >= running.p_holds(margin) - 1e-12
        last = running.log_holds(margin)[-1]
        assert fixed.p_holds(margin) == pytest.approx(math.exp(-max(last, 0.0)))


def test_a_half_that_nobody_could_lift_is_impossible() -> None:
    totals, sizes = np.zeros(9), np.ones(9)
    assert math.isinf(log_evidence(totals, sizes, 0.2, planned=10)[-1])
    assert not math.isinf(log_evidence(totals, sizes, 0.05, planned=10)[-1])


def test_the_unit_is_the_bound() -> None:
    contrast = flips(200, 12)
    doubled = replace(contrast, values=2 * contrast.values, bound=2.0)
    assert _of(doubled).p_holds(0.4) == pytest.approx(_of(contrast).p_holds(0.2))
    assert _of(doubled).p_violated(-0.1) == pytest.approx(_of(contrast).p_violated(-0.05))
    assert _of(doubled).interval() == pytest.approx([2 * bound for bound in _of(contrast).interval()])


@pytest.mark.parametrize("contrast", [flips(300, 0), _every_tenth()], ids=["quiet", "lost"])
def test_a_level_is_reached_by_a_p_value_as_large_and_by_none_larger(contrast: Contrast) -> None:
    found = _of(contrast)
    p = min(running_p(found.log_holds(MARGIN))[-1], running_p(found.log_violated(MARGIN))[-1])
    reached = found.stop(MARGIN, float(p))
    assert reached is not None and found.stop(MARGIN, float(np.nextafter(p, 0))) is None
    seen = Contrast(
        "drop", contrast.values[: reached.clusters - 1], contrast.clusters[: reached.clusters - 1]
    )
    assert _of(seen, planned=len(contrast.values)).stop(MARGIN, float(p)) is None
    assert found.stop(MARGIN) == found.stop(MARGIN, 0.05) and found.interval() == found.interval(0.05)


def test_what_is_missing_of_a_cluster_is_put_at_either_end() -> None:
    """Of clusters of 2, 1 and 4 samples the first lacks one and the third two; the bound is 2."""
    values = np.array([1.0, 2.0, -1.0, -2.0])
    contrast = Contrast("drop", values, ("a", "b", "c", "c"), bound=2.0, n_error=3)
    found = Sequential.of(contrast, Order(("a", "b", "c", "d"), (2, 1, 4, 1)))
    assert (4 * found.highs).tolist() == [0.5 + 1, 1.0, -1.5 + 2]
    assert (4 * found.lows).tolist() == [0.5 - 1, 1.0, -1.5 - 2]
    assert (4 * found.sizes).tolist() == [2, 1, 4] and found.planned is None
    assert found.log_holds(0.5) == pytest.approx(log_evidence(found.highs, found.sizes, 0.25))
    assert found.log_violated(0.5) == pytest.approx(log_evidence(-found.lows, found.sizes, -0.25))
    assert Sequential.of(contrast, Order(("a", "b", "c", "d"), (2, 1, 4, 1)), benchmark=True).planned == 4


@pytest.mark.parametrize("benchmark", [False, True])
def test_a_bound_is_where_the_evidence_is_just_enough(benchmark: bool) -> None:
    mixed = np.tile([0, 1, 0, -1, 0, 0, 1, 0.0], 15)
    found = _of(Contrast("drop", mixed, singletons(120)), benchmark=benchmark)
    low, high = found.interval(0.1)
    assert found.p_holds(high + 1e-6) <= 0.1 <= found.p_holds(high - 1e-6)
    assert found.p_violated(low - 1e-6) <= 0.1 <= found.p_violated(low + 1e-6)
    assert found.method == f"confidence sequence, {'this benchmark' if benchmark else 'population'}"


def test_two_sides_that_rule_out_everything_leave_the_span_between_them() -> None:
    """Lost first and won then: both ends are ruled out at their time."""
    values = np.repeat([1.0, -1.0], 40)
    found = _of(Contrast("drop", values, singletons(80)))
    low, high = found.interval(0.1)
    assert -1 < low < high < 1
    assert found.p_holds(low) == pytest.approx(0.1, rel=1e-6) == found.p_violated(high)


def test_clusters_that_are_complete_are_counted() -> None:
    order = Order(("a", "b", "c"), (2, 1, 4))
    assert [order.seen(samples) for samples in (0, 2, 3, 7)] == [0, 1, 2, 3]
    assert order.largest == 4 and Order((), ()).largest == 1 and Order.of("aab", 5).largest == 5
    for inside in (1, 4, 8):
        with pytest.raises(ValueError, match=f"{inside} samples end inside a cluster"):
            order.seen(inside)


@pytest.mark.parametrize("gap", [0.05, -0.05])
def test_a_run_stops_after_what_its_variance_or_its_clusters_ask_for(gap: float) -> None:
    assert expected_samples(0.4, gap) == pytest.approx(8.5 * 0.4 / 0.0025)
    assert expected_samples(0.01, gap, 3.0) == pytest.approx(5.7 / 0.05 * 3)
    assert expected_samples(0.01, gap) == pytest.approx(5.7 / 0.05)


def test_the_first_cluster_alone_shows_nothing() -> None:
    assert running_p(np.array([9.0, 9.0])).tolist() == pytest.approx([1.0, math.exp(-9)])
    assert running_p(np.array([-1.0, -2.0, 3.0])).tolist() == pytest.approx([1.0, 1.0, math.exp(-3)])
    assert running_p(np.zeros(0)).tolist() == []
