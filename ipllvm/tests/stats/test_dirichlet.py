"""The Dirichlet bound: exact values, the laws that it must keep, and that losing more never helps."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import beta

from ipllvm.records import Contrast
from ipllvm.sampling import generator
from ipllvm.stats.dirichlet import DirichletTest, Totals, chance_above, crossing, saddlepoint
from ipllvm.stats.score_interval import ScoreTest
from ipllvm.tests.stats.contrasts import flips, grouped, singletons


def _p_below(n: int, losses: int, margin: float) -> float:
    return DirichletTest.of(flips(n, losses)).p_holds(margin)


def test_no_event_is_exact_and_its_saddlepoint_near() -> None:
    assert _p_below(50, 0, 0.05) == pytest.approx(0.95**50, abs=1e-12)
    assert saddlepoint(np.array([0.95, -0.05]), np.array([1.0, 50.0])) == pytest.approx(0.0780, abs=5e-5)


@pytest.mark.parametrize(("losses", "p", "exact"), [(6, 0.00659, 0.00658), (1, 3.54e-6, 3.48e-6)])
def test_single_samples_have_the_bound_of_clopper_and_pearson(losses: int, p: float, exact: float) -> None:
    assert _p_below(300, losses, 0.05) == pytest.approx(p, rel=2e-3)
    assert beta.sf(0.05, losses + 1, 300 - losses) == pytest.approx(exact, rel=2e-3)


@pytest.mark.parametrize("values", [(1.0, 0.5, -0.2, -0.9), (0.9, 0.3, -0.1), (1.0, -0.1, -0.3, -0.31)])
def test_few_clusters_have_nearly_the_exact_chance(values: tuple[float, ...]) -> None:
    """Partial fractions: sums of exponential variables whose rates differ."""
    up = [v for v in values if v > 0]
    exact = sum(np.prod([v / (v - w) for w in values if w != v]) for v in up)
    assert chance_above(np.array(values), np.ones(len(values))) == pytest.approx(exact, rel=0.03)


def test_many_unequal_clusters_have_nearly_the_simulated_chance() -> None:
    rng = generator(3)
    values = np.concatenate((rng.uniform(-0.1, 0, 40), rng.uniform(0, 1, 4)))
    simulated = (rng.standard_exponential((200_000, 44)) @ values >= 0).mean()
    assert chance_above(values, np.ones(44)) == pytest.approx(simulated, rel=0.02)


def test_all_on_one_side_is_certain() -> None:
    ones = np.ones(2)
    assert [chance_above(np.array(v), ones) for v in ((0.1, 0.0), (-0.1, 0.0), (0.0, 0.0))] == [1, 0, 1]


def test_clusters_that_are_alike_are_taken_together() -> None:
    found = Totals.of(np.array([0.0, 1.0, 0.0]), np.array([1.0, 1.0, 1.0]))
    assert (found.totals.tolist(), found.counts.tolist()) == ([0.0, 1.0], [2.0, 1.0])


@st.composite
def contrasts(draw: st.DrawFn) -> Contrast:
    """Graded values in clusters of any size."""
    n = draw(st.integers(2, 40))
    values = draw(st.lists(st.integers(-8, 8), min_size=n, max_size=n))
    groups = draw(st.lists(st.integers(0, max(1, n // 3)), min_size=n, max_size=n))
    clusters = tuple(f"c{group}" for group in groups)
    errors = draw(st.sampled_from([0, 0, 3]))
    return Contrast("drop", np.array(values) / 8, clusters, lattice=0.0, weighted=True, n_error=errors)


@given(contrasts(), st.floats(0.0005, 0.49), st.floats(-0.99, 0.99))
def test_bounds_and_p_values_agree(contrast: Contrast, alpha: float, margin: float) -> None:
    test = DirichletTest.of(contrast)
    low, high = test.interval(alpha)
    assert low <= high
    if abs(high - margin) > 1e-6 and not test.too_little:
        assert (high < margin) == (test.p_holds(margin) < alpha)
    if abs(low - margin) > 1e-6 and not test.too_little:
        assert (low > margin) == (test.p_violated(margin) < alpha)


NEUTRAL = Contrast(
    "drop", np.array([0, 0, 0, 0, 0.125, 0.125]), ("c0",) * 4 + ("c1", "c2"), lattice=0.0, weighted=True
)
"""A large cluster without a change, which informs neither side at a margin of 0 and one beside it."""


@given(contrasts(), st.floats(-0.99, 0.99), st.floats(-0.99, 0.99))
@example(NEUTRAL, 0.0, 1e-9)
def test_evidence_grows_with_the_margin(contrast: Contrast, one: float, other: float) -> None:
    """The Dirichlet chance is exact where a side has one cluster, else a saddlepoint's: it may jump."""
    near, far = sorted((one, other))
    for test, jump in ((DirichletTest.of(contrast), 0.003), (ScoreTest.of(contrast), 0.0)):
        for less, more in (
            (test.p_holds(far), test.p_holds(near)),
            (test.p_violated(near), test.p_violated(far)),
        ):
            assert less <= more + (jump if more > 0.2 else 0.0) + 1e-9


@given(contrasts(), st.floats(0.01, 0.9), st.integers(0, 39))
def test_losing_more_never_helps_the_bound(contrast: Contrast, margin: float, place: int) -> None:
    worse = contrast.values.copy()
    worse[place % len(worse)] = 1.0
    before, after = (DirichletTest.of(each) for each in (contrast, replace(contrast, values=worse)))
    assert after.p_holds(margin) >= before.p_holds(margin) * (1 - 0.03)


def test_losses_of_whole_runs_never_show_what_no_loss_could_not() -> None:
    """100 pictures of 20 questions at 2 points: 0.98^100 is the least p-value, however many are lost."""
    for losses in range(12):
        values = np.zeros(2000)
        values[: 20 * losses : 20] = 1
        p = ScoreTest.of(Contrast("drop", values, grouped(2000, 20))).p_holds(0.02)
        assert p == pytest.approx(0.98**100, rel=1e-9) if losses < 3 else p >= 0.98**100 * (1 - 1e-9)


@pytest.mark.parametrize(
    ("size", "groups"), [(1, 300), (2, 150), (5, 300), (10, 140), (18, 140), (20, 100), (20, 200)]
)
@pytest.mark.parametrize("won", [0, 3])
def test_one_more_loss_in_a_new_cluster_is_no_better(size: int, groups: int, won: int) -> None:
    """The p-value of k losses in k clusters rises with k, and is at least that of none."""
    found = []
    for losses in range(10):
        values = np.zeros(size * groups)
        values[: size * losses : size] = 1
        values[size * groups - size * won :: size] = -1
        lattice_of_one = Contrast("drop", values, grouped(size * groups, size))
        found.append(ScoreTest.of(lattice_of_one).p_holds(0.02))
    assert min(found) >= found[0] * (1 - 1e-9)
    assert all(after >= before * (1 - 1e-3) for before, after in pairwise(found)), found


def test_gains_count_where_nothing_is_lost() -> None:
    """The floor is that of the run without its losses, gains and all: margins near 0 can still hold."""
    values = np.concatenate((np.zeros(240), -np.ones(60)))
    assert ScoreTest.of(Contrast("drop", values, singletons(300))).p_holds(0.0) < 1e-6


@pytest.mark.parametrize("largest", [1, 2, 6])
def test_small_laws_are_not_decided_falsely(largest: int) -> None:
    """A slice of the laws that docs/statistics.md counts: three values, at the margin, either side."""
    rng, false, runs = generator("dirichlet", largest), np.zeros(2), 400
    for _ in range(runs):
        sizes = rng.integers(1, largest + 1, 12)
        clusters = tuple(f"c{g}" for g, size in enumerate(sizes) for _ in range(size))
        values = rng.choice([1.0, 0.0, -0.5], p=[0.1, 0.7, 0.2], size=len(sizes)).repeat(sizes)
        test = DirichletTest.of(Contrast("drop", values, clusters, lattice=0.0))
        false += (test.p_holds(0.0) <= 0.05, test.p_violated(0.0) <= 0.05)
    assert (false / runs <= 0.09).all()


def test_one_below_all_others_is_exact_too() -> None:
    """It is beaten by the sum of the others unless it beats each in turn."""
    values, counts = np.array([-0.9, 0.1, 0.3]), np.array([1.0, 30.0, 2.0])
    alone = (1 + 0.1 / 0.9) ** -30 * (1 + 0.3 / 0.9) ** -2
    assert chance_above(values, counts) == pytest.approx(1 - alone, abs=1e-12)
    assert chance_above(-values, counts) == pytest.approx(alone, abs=1e-12)


@pytest.mark.parametrize("value", [1e-13, -1e-13, 0.0])
def test_rounding_is_on_no_side(value: float) -> None:
    ones = np.ones(2)
    assert (
        chance_above(np.array([0.2, value]), ones) == 1.0
        and chance_above(np.array([-0.2, value]), ones) == 0.0
    )
    assert (
        chance_above(np.array([-0.2, 1.2e-12]), ones) > 0
        and chance_above(np.array([0.2, -1.2e-12]), ones) < 1
    )


def lugannani_rice(values: list[float], counts: list[float]) -> float:
    """The same in 50 digits, where no digits are lost near the middle."""
    with mpmath.workdps(50):
        exact, often = [mpmath.mpf(v) for v in values], [mpmath.mpf(c) for c in counts]

        def slope(s: Any) -> Any:
            return mpmath.fsum(c * v / (1 - s * v) for v, c in zip(exact, often, strict=True))

        low, high = 1 / min(exact), 1 / max(exact)
        s = mpmath.findroot(slope, (low * 0.999, high * 0.999), solver="anderson")
        v = s * mpmath.sqrt(
            mpmath.fsum(c * (x / (1 - s * x)) ** 2 for x, c in zip(exact, often, strict=True))
        )
        r = mpmath.sign(s) * mpmath.sqrt(
            2 * mpmath.fsum(c * mpmath.log(1 - s * x) for x, c in zip(exact, often, strict=True))
        )
        return float(mpmath.ncdf(-(r + mpmath.log(v / r) / r)))


@pytest.mark.parametrize("shift", [0.05, 0.004, 3e-5, -3e-5, 1e-6, -0.1])
@pytest.mark.parametrize("counts", [(20.0, 30.0, 4.0), (5.0, 2.0, 2.0)])
def test_the_saddlepoint_loses_no_digits_near_the_middle(shift: float, counts: tuple[float, ...]) -> None:
    raw = np.array([0.8, -0.5, 0.1])
    values = raw - np.average(raw, weights=counts) + shift
    exact = lugannani_rice(values.tolist(), list(counts))
    assert saddlepoint(values, np.array(counts)) == pytest.approx(exact, abs=5e-5)


def test_the_middle_itself_is_taken_for_less_than_a_ten_thousandth_of_a_step() -> None:
    """At 1.2e-4 standard deviations the formula still has six digits, of which the middle would have four."""
    counts = np.array([20.0, 30.0, 4.0])
    values = np.array([0.8, -0.5, 0.1])
    values = values - np.average(values, weights=counts) + 1e-5
    exact = lugannani_rice(values.tolist(), counts.tolist())
    assert saddlepoint(values, counts) == pytest.approx(exact, abs=2e-6)


def test_the_ends_of_the_range_are_certain() -> None:
    found = Totals.of(np.array([0.5, 0.1, 0.2]), np.ones(3))
    assert [found.p_below(theta, 1.0) for theta in (1.0, 1.5, -1.0, -1.5)] == [0, 0, 1, 1]
    assert [found.p_above(theta, 1.0) for theta in (1.0, 1.5, -1.0, -1.5)] == [1, 1, 0, 0]
    assert 0 < found.p_below(0.99, 1.0) < 1e-3 and 0 < found.p_above(-0.99, 1.0) < 1e-3
    assert found.p_above(0.4, 0.5) == Totals.of(-found.totals, found.sizes).p_below(-0.4, 0.5)


def test_twice_as_many_clusters_are_those_twice() -> None:
    totals, sizes = np.array([0.5, 0.0, 0.2, 0.0]), np.array([1.0, 0.5, 0.5, 0.5])
    one, two = Totals.of(totals, sizes), Totals.of(np.tile(totals, 2), np.tile(sizes, 2))
    assert one.grown(2).p_below(0.5, 1.0) == pytest.approx(two.p_below(0.5, 1.0))
    assert (one.totals.tolist(), one.sizes.tolist(), one.counts.tolist()) == (
        [0.0, 0.2, 0.5], [0.5, 0.5, 1.0], [2.0, 1.0, 1.0],
    )  # fmt: skip
    whole = DirichletTest.of(flips(60, 6))
    assert whole.grown(5).p_holds(0.15) == pytest.approx(DirichletTest.of(flips(300, 30)).p_holds(0.15))


def test_graded_values_count_in_units_of_bound_and_largest_cluster() -> None:
    sizes = (1, 4, 2)
    clusters = tuple(f"c{g}" for g, size in enumerate(sizes) for _ in range(size))
    values = np.array([2.0, -1.0, 0.5, 0.0, 0.5, 1.0, 1.0])
    test = DirichletTest.of(Contrast("drop", values, clusters, bound=2.0, lattice=0.0))
    assert test.clusters.totals.tolist() == [0.0, 0.25, 0.25] and test.clusters.sizes.tolist() == [
        1.0,
        0.25,
        0.5,
    ]
    assert test.p_holds(1.0) == test.clusters.p_below(0.5, 1.0)
    assert test.p_violated(1.0) == test.clusters.p_above(0.5, 1.0)
    assert test.interval() == test.interval(0.05)


@pytest.mark.parametrize(("clusters", "little"), [(0, True), (1, True), (2, False)])
def test_one_cluster_decides_nothing(clusters: int, little: bool) -> None:
    test = DirichletTest.of(flips(clusters, 0))
    assert test.too_little is little and (test.interval() == (-1.0, 1.0)) is little
    assert (test.p_holds(0.9) == 1.0) is little and (test.p_violated(-0.9) == 1.0) is little
    assert (test.own_error, test.at_floor(0.1, 0.1)) == (None, False)


@pytest.mark.parametrize("alpha", [0.05, 0.3])
def test_its_bounds_are_where_its_p_values_are(alpha: float) -> None:
    test = DirichletTest.of(flips(60, 5, 2))
    low, high = test.interval(alpha)
    assert test.p_holds(high) == pytest.approx(alpha) == test.p_violated(low)


def test_where_a_p_value_comes_down() -> None:
    assert crossing(lambda theta: 0.5 - theta / 2, 0.05) == pytest.approx(0.9)
    assert crossing(lambda theta: 0.0 if theta > 0.3 else 1.0, 0.05) == pytest.approx(0.3)
    assert crossing(lambda theta: 0.06, 0.05) == 1.0
    assert crossing(lambda theta: 0.05, 0.05) == 1.0, "just alpha everywhere is nowhere below"


@pytest.mark.parametrize("unit", [1e-9, 1e-3, 1.0, 1e6, 1e9])
def test_the_chance_does_not_depend_on_the_unit_of_the_values(unit: float) -> None:
    values, counts = np.array([0.7, 0.2, -0.1, -0.6]), np.array([2.0, 3.0, 9.0, 2.0])
    assert saddlepoint(unit * values, counts) == pytest.approx(saddlepoint(values, counts), abs=1e-9)
