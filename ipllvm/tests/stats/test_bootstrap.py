"""The bootstrap interval: near the score interval where there is enough, absent where not."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from ipllvm.records import Contrast
from ipllvm.stats.bootstrap import _kinds, bootstrap_interval
from ipllvm.stats.clusters import cluster_sums
from ipllvm.tests.stats.contrasts import flips, uneven


def _rng() -> np.random.Generator:
    return np.random.default_rng(1)


def test_interval_in_points() -> None:
    found = bootstrap_interval(flips(1000, 70, 50), _rng())
    assert found is not None
    assert [100 * bound for bound in found] == pytest.approx([0.2, 3.8], abs=0.1)


def test_it_agrees_with_scipy_on_uneven_clusters() -> None:
    contrast = uneven()
    _, index = np.unique(contrast.clusters, return_inverse=True)
    totals, sizes = np.bincount(index, weights=contrast.values), np.bincount(index)

    def ratio(t: np.ndarray, m: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.asarray(np.sum(t, axis=axis) / np.sum(m, axis=axis))

    theirs = stats.bootstrap(
        (totals, sizes), ratio, paired=True, vectorized=True, confidence_level=0.90, rng=_rng()
    ).confidence_interval
    found = bootstrap_interval(contrast, _rng())
    assert found == pytest.approx((theirs.low, theirs.high), abs=0.004)


def test_clusters_that_are_alike_are_drawn_by_the_law_of_each_alone() -> None:
    """The same bounds as where no two are quite alike; and their number does not bear on the work."""
    contrast = flips(400, 60, 20, size=2)
    nudged = contrast.values + np.linspace(0, 1e-7, 400) * np.sign(0.5 - contrast.values)
    apart = replace(contrast, values=nudged, lattice=0.0)
    assert len(_kinds(*cluster_sums(contrast))[0]) < 6 and len(_kinds(*cluster_sums(apart))[0]) > 150
    for alpha in (0.05, 0.25):
        together, alone = (bootstrap_interval(each, _rng(), alpha, 40_000) for each in (contrast, apart))
        assert together == pytest.approx(alone, abs=0.0015)


def test_the_generator_fixes_it() -> None:
    contrast = flips(200, 20, 10, size=2)
    again = np.random.default_rng(2)
    assert bootstrap_interval(contrast, _rng(), replicates=500) == bootstrap_interval(
        contrast, _rng(), replicates=500
    )
    assert bootstrap_interval(contrast, _rng(), replicates=500) != bootstrap_interval(
        contrast, again, replicates=500
    )


@pytest.mark.parametrize(
    "contrast",
    [
        flips(0, 0),
        flips(300, 0),
        flips(19, 6, 6),
        flips(380, 60, 60, size=20),
        flips(300, 5, 4),
        replace(flips(100, 0), values=np.ones(100)),
    ],
    ids=["empty", "unchanged", "few samples", "few clusters", "few changes", "all lost"],
)
def test_too_little_shows_no_numbers(contrast: Contrast) -> None:
    assert bootstrap_interval(contrast, _rng(), replicates=200) is None


def test_just_enough_shows_numbers() -> None:
    assert bootstrap_interval(flips(20, 6, 6), _rng(), replicates=200) is not None


@pytest.mark.parametrize("replicates", [1, 2])
def test_replicates_that_show_no_spread_show_no_numbers(replicates: int) -> None:
    """All on one side of what was observed, or all the same, as few replicates often are."""
    for seed in range(60):
        found = bootstrap_interval(
            flips(20, 6, 6), np.random.default_rng(seed), alpha=0.05, replicates=replicates
        )
        assert found is None or found[0] < found[1]


def test_as_many_replicates_as_in_scipy() -> None:
    assert bootstrap_interval(flips(40, 12), _rng()) == bootstrap_interval(
        flips(40, 12), _rng(), replicates=9_999
    )


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_it_is_corrected_for_bias_and_skewness_as_efron_has_it(alpha: float) -> None:
    """1987, equation 2.3, on the same draws; the acceleration by leaving out one cluster at a time."""
    values = np.random.default_rng(3).exponential(0.1, 240).clip(0, 1)
    clusters = tuple(f"c{group}" for group in range(120) for _ in range(1 + group % 3))
    contrast, norm = Contrast("x", values, clusters, lattice=0.0), stats.norm
    index = np.unique(contrast.clusters, return_inverse=True)[1]
    totals, sizes = np.bincount(index, weights=contrast.values), np.bincount(index)
    drawn = _rng().multinomial(120, np.full(120, 1 / 120), size=999)
    means, mean = drawn @ totals / (drawn @ sizes), totals.sum() / sizes.sum()
    bias = norm.ppf(np.mean(means < mean) + np.mean(means == mean) / 2)
    left = np.array([np.delete(totals, i).sum() / np.delete(sizes, i).sum() for i in range(120)])
    skew = ((left.mean() - left) ** 3).sum() / (6 * ((left.mean() - left) ** 2).sum() ** 1.5)
    ends = [bias + norm.ppf(level) for level in (alpha, 1 - alpha)]
    expected = np.quantile(means, [norm.cdf(bias + end / (1 - skew * end)) for end in ends])
    assert bootstrap_interval(contrast, _rng(), alpha, 999) == pytest.approx(tuple(expected))
    assert abs(skew) > 0.01 and bootstrap_interval(contrast, _rng(), replicates=0) is None
