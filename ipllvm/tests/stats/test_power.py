"""Power against the planning table and precomputed values."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.stats.clusters import mean_size
from ipllvm.stats.power import (
    design_effect,
    edges,
    minimum_detectable_effect,
    outlook,
    planned_design_effect,
    required_samples,
    samples_to_decide,
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
    assert ahead.sentence == "about 1855 samples would decide"
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
