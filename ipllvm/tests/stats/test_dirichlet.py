"""The Dirichlet bound: exact values, the laws that it must keep, and that losing more never helps."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from ipllvm.records import Contrast
from ipllvm.sampling import generator
from ipllvm.stats.dirichlet import DirichletTest, Totals, chance_above, saddlepoint
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


@settings(max_examples=200, deadline=None)
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


@settings(max_examples=200, deadline=None)
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


@settings(max_examples=200, deadline=None)
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
