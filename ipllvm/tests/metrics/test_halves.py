"""What items that share neighbours vary by: halves, common neighbours among them, and the factor."""

import numpy as np
import pytest

from ipllvm.calibration.distributions import Design
from ipllvm.calibration.neighbours import AlikeSides
from ipllvm.metrics.alignment import align, lost, neighbours
from ipllvm.metrics.halves import SPLITS, CommonNeighbours, sharing, splits
from ipllvm.records import Sample
from ipllvm.stats.choice import choose
from ipllvm.tests.metrics.test_alignment import mutual_knn


def drawn(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def test_halves_are_halves_and_the_same_again() -> None:
    first, again = list(splits(41, 5)), list(splits(41, 5))
    assert len(first) == SPLITS and {int(half.sum()) for half in first} == {20}
    assert np.array_equal(first, again) and not np.array_equal(first[0], first[1])


def test_clusters_stay_whole() -> None:
    clusters = [str(item // 7) for item in range(70)]
    for half in splits(70, 5, clusters):
        assert {int(half[start : start + 7].sum()) for start in range(0, 70, 7)} == {0, 7}


@pytest.mark.parametrize(("items", "clusters"), [(39, None), (100, ["one"] * 100)])
def test_too_few_items_have_no_halves(items: int, clusters: list[str] | None) -> None:
    assert list(splits(items, 10, clusters)) == []


@pytest.mark.parametrize("seed", range(5))
def test_common_neighbours_among_some_are_those_of_the_items_alone(seed: int) -> None:
    first, second, k = drawn(seed, 60, 4), drawn(seed + 50, 60, 4), 4
    second[:, 0] = first[:, 0]
    inside = np.random.default_rng(seed).permutation(60) < 30
    common = CommonNeighbours(neighbours(first, 59), neighbours(second, 59), k)
    assert common.shares(inside)[inside].tolist() == mutual_knn(first[inside], second[inside], k).tolist()
    assert common.shares(np.ones(60, bool)).tolist() == mutual_knn(first, second, k).tolist()


@pytest.mark.parametrize("size", [1, 4])
def test_clusters_that_are_independent_share_nothing(size: int) -> None:
    names, found = [str(i // size) for i in range(400)], []
    for seed in range(40):
        values = np.repeat(drawn(seed, 400 // size), size)
        halves = np.array([values] * SPLITS)
        found.append(sharing(values, halves, names))
        assert sharing(values, 7 * halves, names) == pytest.approx(found[-1])
    assert 1 <= np.mean(found) < 1.2


def test_halves_that_differ_by_more_than_their_own_spread_share_as_many_times_more() -> None:
    values, names = drawn(1, 200), [str(i) for i in range(200)]
    halves = np.array([values + 0.15 * half for half in splits(200, 1)])
    by_hand = [
        (own[half].mean() - own[~half].mean(), own[half].var(ddof=1) / 100 + own[~half].var(ddof=1) / 100)
        for own, half in zip(halves, splits(200, 1), strict=True)
    ]
    apart, alone = np.array(by_hand).T
    assert sharing(values, halves, names) == pytest.approx((apart**2).sum() / alone.sum())
    assert sharing(values, halves, names) > 2


def test_without_halves_all_count_as_one_and_without_a_difference_as_they_are() -> None:
    names = [str(i) for i in range(20)]
    assert sharing(drawn(0, 20), np.zeros((0, 20)), names) == 20
    assert sharing(np.zeros(20), np.zeros((SPLITS, 20)), names) == 1


def test_pictures_whose_sides_are_alike_share_more_than_their_own_spread_tells() -> None:
    """Their mean varies by about twice as much: taken as independent 10 % were VIOLATED for 5."""
    contrasts = [AlikeSides(8).contrast(Design(100), np.random.default_rng(seed)) for seed in range(8)]
    shared = [contrast.shared for contrast in contrasts]
    assert 1.5 < np.mean(shared) < 4


def test_what_is_lost_is_told_as_surely_as_its_halves_tell() -> None:
    pool = [Sample(str(i), str(i), (), "", "") for i in range(60)]
    one, other, words = drawn(0, 60, 1, 5), drawn(1, 60, 1, 5), drawn(0, 60, 3, 5)
    rng = np.random.default_rng(0)
    before, after = (align(side, words, rng, permutations=0) for side in (one, other))
    contrast = lost("lost", [before], [after], pool, pool)
    moved = before.halves - after.halves
    assert contrast.shared == sharing(before.values - after.values, moved, [each.id for each in pool])
    assert np.allclose(contrast.values, before.values - after.values)
    assert choose(contrast).interval()[1] > float(contrast.values.mean())


def test_a_worker_can_send_what_is_shared() -> None:
    rng = np.random.default_rng(0)
    found = sharing(rng.random(40), rng.random((SPLITS, 40)), [str(number) for number in range(40)])
    assert type(found) is float
