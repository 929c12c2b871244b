"""Power against the planning table and precomputed values."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from ipllvm.stats.clusters import mean_size
from ipllvm.stats.power import (
    design_effect,
    edges,
    minimum_detectable_effect,
    outlook,
    planned_design_effect,
    powered_level,
    required_samples,
    samples_to_catch,
    samples_to_decide,
    samples_to_lose_one,
    samples_without_change,
    standard_error,
)

SIZES = (50, 150, 300, 1000, 1500, 3000)


@pytest.mark.parametrize(
    ("discordance", "points"),
    [
        (0.02, (5.92, 3.18, 2.18, 1.15, 0.93, 0.65)),
        (0.05, (8.83, 4.85, 3.36, 1.80, 1.46, 1.03)),
        (0.10, (12.10, 6.74, 4.70, 2.53, 2.06, 1.45)),
        (0.20, (16.71, 9.40, 6.58, 3.56, 2.90, 2.04)),
    ],
)
def test_minimum_detectable_effect(discordance: float, points: tuple[float, ...]) -> None:
    errors = [standard_error(n, discordance, mean=0.02) for n in SIZES]
    found = [100 * minimum_detectable_effect(e, 1.0, n) for e, n in zip(errors, SIZES, strict=True)]
    assert found == pytest.approx(points, abs=0.0051)


@pytest.mark.parametrize(("draws", "size", "points"), [(1, 1.0, 2.5315), (5, 10.0, 2.4766)])
def test_draws_and_clusters(draws: int, size: float, points: float) -> None:
    error = standard_error(1000, 0.10, 0.02, design_effect(draws, size))
    assert 100 * minimum_detectable_effect(error, 1 / draws, 1000) == pytest.approx(points, abs=1e-4)


@pytest.mark.parametrize(
    ("clusters", "size", "draws", "deff"),
    [(30, 10, 5, (30 * 0.988 + 10) / 31), (30, 10, 1, (30 * 1.9 + 10) / 31), (300, 1, 1, 1.0),
     (50, 1, 1, 1.0), (100, 10, 5, 0.988), (0, 1, 1, 1.0)],
)  # fmt: skip
def test_few_clusters_are_planned_with_what_the_test_adds(
    clusters: int, size: int, draws: int, deff: float
) -> None:
    assert planned_design_effect(np.full(clusters, size), draws, 0.10) == pytest.approx(deff)


@pytest.mark.parametrize(
    ("discordance", "needed"),
    [(0.02, (303, 44, 573)), (0.05, (767, 118, 1449)), (0.10, (1540, 242, 2909)), (0.20, (3086, 489, 5828))],
)
def test_required_samples(discordance: float, needed: tuple[int, int, int]) -> None:
    assert required_samples(0.02, discordance) == needed[0]
    assert required_samples(0.05, discordance) == needed[1]
    assert required_samples(0.02, discordance, alpha=0.005) == needed[2]


def test_no_number_decides_at_or_beyond_the_margin() -> None:
    assert required_samples(0.02, 0.1, truth=0.02) is None
    assert required_samples(0.02, 0.1, truth=0.05) is None
    assert required_samples(1e-200, 0.1) is None
    assert samples_without_change(0.0) is None
    assert samples_without_change(1e-200) is None


def test_without_change_the_cluster_size_counts() -> None:
    assert samples_without_change(0.05) == 59
    assert samples_without_change(0.02) == 149
    assert samples_without_change(0.02, largest_cluster=10) == 1483


def test_after_a_run() -> None:
    error = 0.01
    ahead = samples_to_decide(300, error, 0.01)
    assert ahead.n == math.ceil(300 * 2.486475**2)
    assert ahead.sentence == "about 1,860 samples would decide"
    assert samples_to_decide(300, error, -0.01).n == ahead.n
    assert "this benchmark cannot decide" in samples_to_decide(300, error, 0.01, available=1000).sentence
    assert "cannot" not in samples_to_decide(300, error, 0.01, available=2000).sentence
    near = samples_to_decide(300, error, 0.0049)
    assert near.n is None and near.sentence.startswith("at the margin")
    assert samples_to_decide(300, 0.0, 0.0).n is None
    assert samples_to_decide(4, 0.01, 0.05).n == 5


def test_words() -> None:
    assert edges(2.0, 0.5, 0.5) == "HOLDS if the truth is <= 1.50, VIOLATED if >= 2.50"
    assert outlook(20, 30).sentence == "about 20 samples would decide"


def test_bad_and_odd_input() -> None:
    with pytest.raises(ValueError, match="without samples"):
        standard_error(0, 0.1)
    assert standard_error(100, 0.001, mean=0.5) == pytest.approx(0.05)


@settings(deadline=None)
@given(st.integers(1, 10**5), st.floats(0.001, 1), st.floats(-0.3, 0.3), st.integers(1, 50), st.floats(1, 50))
def test_more_of_anything_never_hurts(n: int, psi: float, mean: float, draws: int, size: float) -> None:
    error = standard_error(n, psi, mean, design_effect(draws, size))
    assert 0 <= standard_error(n + 1, psi, mean, design_effect(draws, size)) <= error
    assert standard_error(n, psi, mean, design_effect(draws + 1, size)) <= error * (1 + 1e-12)
    assert standard_error(n, psi, mean, design_effect(draws, size + 1)) >= error


def test_mean_size_of_nothing_is_one() -> None:
    assert mean_size(np.zeros(0, dtype=int)) == 1.0
    assert mean_size(np.array([2, 2, 2])) == 2.0


def reach(alpha: float, power: float = 0.80) -> float:
    """Standard errors between the margin and a truth that is decided with this power."""
    return float(norm.isf(alpha) + norm.ppf(power))


@pytest.mark.parametrize("alpha", [0.05, 0.001])
@pytest.mark.parametrize("deff", [1.0, 2.5])
@pytest.mark.parametrize(
    ("margin", "truth", "discordance"),
    [(0.05, 0.02, 0.1), (0.05, -0.02, 0.1), (0.02, 0.01, 0.3), (0.5, 0.1, 0.1)],
)
def test_the_size_of_a_non_inferiority_trial(
    margin: float, truth: float, discordance: float, deff: float, alpha: float
) -> None:
    """Blackwelder 1982; at least one sample, where a margin takes more discordance than is planned."""
    variance = max(discordance - margin**2, 0) * deff
    needed = max(1, math.ceil(reach(alpha) ** 2 * variance / (margin - truth) ** 2))
    assert required_samples(margin, discordance, truth, deff, alpha) == needed


def test_a_margin_below_a_millionth_is_none() -> None:
    assert required_samples(1e-6, 0.1) is None and required_samples(1.2e-6, 0.1) is not None
    assert samples_without_change(1e-6) is None and samples_without_change(1.2e-6) is not None
    assert samples_without_change(1.0) is None and samples_without_change(0.99) == 1


def test_so_many_quiet_samples_are_less_likely_than_alpha() -> None:
    for margin, alpha in ((0.02, 0.05), (0.1, 0.001)):
        n = samples_without_change(margin, alpha=alpha)
        assert n is not None and (1 - margin) ** n <= alpha < (1 - margin) ** (n - 1)


@pytest.mark.parametrize(
    ("effect", "discordance", "power", "deff", "alpha"),
    [(0.01, 0.02, 0.8, 1.0, 0.05), (0.05, 0.05, 0.9, 1.0, 0.05), (0.1, 0.4, 0.8, 3.0, 0.01)],
)
def test_what_catches_a_regression_is_connors_number_with_the_step_of_a_score(
    effect: float, discordance: float, power: float, deff: float, alpha: float
) -> None:
    steps = norm.isf(alpha) * math.sqrt(discordance) + norm.ppf(power) * math.sqrt(discordance - effect**2)
    found = samples_to_catch(effect, discordance, power, deff, alpha)

    def short(n: int) -> bool:
        return bool(steps * math.sqrt(deff / n) + 1 / (2 * n) > effect)

    assert not short(found) and short(found - 1)
    assert samples_to_catch(effect, discordance) == samples_to_catch(effect, discordance, 0.80, 1.0, 0.05)


@pytest.mark.parametrize(("effect", "discordance"), [(0.0, 0.1), (-0.1, 0.1), (0.2, 0.1)])
def test_no_more_is_lost_than_changes(effect: float, discordance: float) -> None:
    with pytest.raises(ValueError, match=f"no {effect} is lost where {discordance} changes"):
        samples_to_catch(effect, discordance)


def test_one_loss_at_least_is_likely_among_so_many() -> None:
    for effect, power in ((0.01, 0.80), (0.2, 0.95)):
        n = samples_to_lose_one(effect, power)
        assert 1 - (1 - effect) ** n >= power > 1 - (1 - effect) ** (n - 1)
    assert samples_to_lose_one(0.01) == samples_to_lose_one(0.01, 0.80)


@pytest.mark.parametrize(("error", "gap"), [(0.01, 0.005), (0.01, -0.005), (0.0, 1e-6)])
def test_half_a_standard_error_from_the_margin_is_at_it(error: float, gap: float) -> None:
    assert samples_to_decide(300, error, gap).n is None
    assert samples_to_decide(300, error, 1.2 * gap).n is not None


def test_the_samples_that_decide_grow_with_the_square_of_the_distance() -> None:
    for alpha, gap in ((0.05, 0.02), (0.01, -0.03)):
        needed = math.ceil(300 * (reach(alpha) * 0.03 / gap) ** 2)
        assert samples_to_decide(300, 0.03, gap, alpha).n == needed
    assert samples_to_decide(300, 0.0, 0.1).n == 301
    assert outlook(30, 30).sentence == "about 30 samples would decide"
    assert outlook(31, 30).n == 31 and "cannot decide" in outlook(31, 30).sentence


@pytest.mark.parametrize(
    ("draws", "size", "within", "between"), [(1, 1, 0.4, 0.1), (5, 1, 0.2, 0.3), (4, 12, 0.5, 0.02)]
)
def test_the_design_effect_is_that_of_means_of_alike_values(
    draws: int, size: int, within: float, between: float
) -> None:
    """The mean of `draws` equally correlated draws, and of `size` equally correlated samples."""
    of_draws = np.full((draws, draws), within) + (1 - within) * np.eye(draws)
    of_samples = np.full((size, size), between) + (1 - between) * np.eye(size)
    expected = of_draws.mean() * of_samples.sum() / size
    assert design_effect(draws, size, within, between) == pytest.approx(expected)
    assert design_effect(draws, size) == pytest.approx(design_effect(draws, size, 0.4, 0.1))


def test_few_unequal_clusters_are_planned_with_the_largest_one() -> None:
    sizes = np.array([1, 2, 3, 14])
    deff, events = 1 + (210 / 20 - 1) * 0.1, 0.2 * 20
    assert planned_design_effect(sizes, 1, 0.2) == pytest.approx((events * deff + 14) / (events + 1))
    for clusters, more in ((99, True), (100, False)):
        found = planned_design_effect(np.full(clusters, 10), 1, 0.1)
        assert (found > 1.9 + 1e-9) is more and design_effect(1, 10) == pytest.approx(1.9)


@pytest.mark.parametrize(("discordance", "taken"), [(0.25, 0.5), (0.2, 0.5), (0.3, 0.3)])
def test_a_mean_takes_as_much_discordance_as_it_is(discordance: float, taken: float) -> None:
    assert standard_error(50, discordance, 0.5, 2.0) == pytest.approx(math.sqrt((taken - 0.25) / 50 * 2))
    assert standard_error(50, discordance, -0.5) == pytest.approx(math.sqrt((taken - 0.25) / 50))
    assert standard_error(1, 0.09) == pytest.approx(0.3)


@pytest.mark.parametrize("alpha", [0.05, 0.002])
def test_power_is_eighty_percent_at_the_effect_that_is_detected(alpha: float) -> None:
    found = minimum_detectable_effect(0.01, 0.5, 100, alpha)
    assert norm.sf(norm.isf(alpha) - (found - 0.5 / 200) / 0.01) == pytest.approx(0.80)
    assert powered_level(alpha) == pytest.approx(norm.sf(reach(alpha)))
    assert minimum_detectable_effect(0.01, 0.5, 100) == minimum_detectable_effect(0.01, 0.5, 100, 0.05)


def test_either_edge_is_on_its_side_of_the_margin() -> None:
    assert edges(2.0, 0.5, 1.0, at_most=False) == "HOLDS if the truth is >= 2.50, VIOLATED if <= 1.00"
    assert edges(2.0, math.inf, 1.0) == "HOLDS at no truth, VIOLATED if >= 3.00"
