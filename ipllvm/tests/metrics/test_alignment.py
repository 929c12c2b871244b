"""Mutual k-NN and CKA: against brute force, and the laws that they must keep."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.metrics.alignment import (
    Alignment,
    _by_layer,
    _common,
    _cross_fitted,
    _membership,
    align,
    as_scores,
    clamped,
    linear_cka,
    neighbours,
)
from ipllvm.records import Sample

seeds = st.integers(0, 10**6)


def drawn(seed: int, *shape: int) -> np.ndarray:
    """Seeded normal numbers."""
    return np.random.default_rng(seed).normal(size=shape)


def turned(features: np.ndarray, seed: int) -> np.ndarray:
    """The features in a rotated space."""
    rotation, _ = np.linalg.qr(drawn(seed, features.shape[1], features.shape[1]))
    return np.asarray(features @ rotation)


def mutual_knn(first: np.ndarray, second: np.ndarray, k: int = 10) -> np.ndarray:
    """Shares as `align` counts them, of stacks of one layer."""
    near, members = _by_layer(first[:, None], k), _membership(_by_layer(second[:, None], k))
    return np.asarray(_common(near, members)[0, :, 0] / k)


def slowly(first: np.ndarray, second: np.ndarray, k: int) -> list[float]:
    """Mutual k-NN by its definition, one item after another."""

    def nearest(features: np.ndarray, item: int) -> set[int]:
        def cosine(other: int) -> float:
            a, b = features[item], features[other]
            return float(a @ b / np.sqrt((a @ a) * (b @ b)))

        others = [other for other in range(len(features)) if other != item]
        return set(sorted(others, key=cosine, reverse=True)[:k])

    return [len(nearest(first, i) & nearest(second, i)) / k for i in range(len(first))]


@given(seeds, st.integers(1, 6))
@settings(max_examples=15)
def test_it_is_what_the_definition_says(seed: int, k: int) -> None:
    first, second = drawn(seed, 14, 5), drawn(seed + 1, 14, 3)
    assert mutual_knn(first, second, k).tolist() == slowly(first, second, k)


@given(seeds, st.floats(0.01, 100))
@settings(max_examples=25)
def test_laws_of_mutual_neighbours(seed: int, scale: float) -> None:
    first, second = drawn(seed, 30, 6), drawn(seed + 1, 30, 4)
    expected = mutual_knn(first, second, 5)
    lengths = np.random.default_rng(seed).uniform(0.5, 2, (30, 1))
    assert (mutual_knn(first, first, 5) == 1).all()
    assert np.array_equal(mutual_knn(second, first, 5), expected)
    assert np.array_equal(mutual_knn(scale * lengths * first, second, 5), expected)
    assert np.array_equal(mutual_knn(turned(first, seed), second, 5), expected)


@given(seeds, st.floats(0.01, 100))
@settings(max_examples=25)
def test_laws_of_cka(seed: int, scale: float) -> None:
    first, second = drawn(seed, 30, 6), drawn(seed + 1, 30, 4)
    found = linear_cka(first, second)
    assert found is not None and 0 <= found <= 1
    assert linear_cka(first, first) == pytest.approx(1)
    assert linear_cka(second, first) == pytest.approx(found)
    assert linear_cka(scale * turned(first, seed) + 3, second) == pytest.approx(found)


def test_cka_is_what_the_definition_says() -> None:
    first, second = drawn(1, 12, 5), drawn(2, 12, 3)
    middle = np.eye(12) - 1 / 12
    one, other = (middle @ each @ each.T @ middle for each in (first, second))
    expected = np.trace(one @ other) / np.sqrt(np.trace(one @ one) * np.trace(other @ other))
    assert linear_cka(first, second) == pytest.approx(expected)
    assert linear_cka(first, np.ones((12, 2))) is None


def test_an_item_is_no_neighbour_of_itself_and_chance_is_k_in_the_others() -> None:
    assert all(item not in near for item, near in enumerate(neighbours(drawn(0, 20, 4), 5)))
    assert mutual_knn(drawn(0, 400, 8), drawn(1, 400, 8)).mean() == pytest.approx(10 / 399, abs=0.01)


def test_too_few_items_are_refused() -> None:
    with pytest.raises(ValueError, match="10 neighbours need more than 10 items, not 10"):
        neighbours(drawn(0, 10, 3))


def test_outliers_are_drawn_in_over_all_layers_together() -> None:
    stack = drawn(0, 20, 3, 4)
    stack[0, 1, 2] = 1000
    bound = np.sort(np.abs(stack).ravel())[int(0.95 * stack.size)]
    assert np.abs(clamped(stack)).max() == bound
    assert np.array_equal(clamped(stack)[np.abs(stack) <= bound], stack[np.abs(stack) <= bound])


def aligned(first: np.ndarray, second: np.ndarray, permutations: int = 99) -> Alignment:
    return align(first, second, np.random.default_rng(0), 5, permutations)


def test_the_best_pair_of_layers_is_found() -> None:
    first, second = drawn(0, 60, 3, 6), drawn(1, 60, 4, 6)
    second[:, 2] = first[:, 1] + 0.1 * drawn(2, 60, 6)
    found = aligned(first, second)
    pairs = [[mutual_knn(clamped(first)[:, i], clamped(second)[:, j], 5) for j in range(4)] for i in range(3)]
    means = np.array([[pair.mean() for pair in row] for row in pairs])
    assert found.best == (1, 2) and found.observed == pytest.approx(means.max())
    assert np.array_equal(found.values, pairs[1][2])  # best on either half
    assert found.cka == pytest.approx(linear_cka(clamped(first)[:, 1], clamped(second)[:, 2]))
    assert found.p == 0.01


def test_the_null_is_the_maximum_over_the_same_layers() -> None:
    found = aligned(drawn(0, 60, 4, 6), drawn(1, 60, 5, 6), 199)
    assert found.null.mean() > 5 / 59  # of one pair of layers
    assert found.p > 0.01
    assert found.values.mean() < found.observed  # the choice of layers does not favour the items


def test_each_of_the_null_is_the_maximum_of_one_pairing() -> None:
    first, second, rng = drawn(0, 30, 2, 6), drawn(1, 30, 9, 6), np.random.default_rng(3)
    found = align(first, second, np.random.default_rng(3), 5, 4)
    one, other = clamped(first), clamped(second)
    for largest in found.null:
        paired = other[rng.permutation(30)]
        means = [mutual_knn(one[:, i], paired[:, j], 5).mean() for i in range(2) for j in range(9)]
        assert largest == pytest.approx(max(means))


def test_an_alignment_with_itself_is_whole() -> None:
    stack = drawn(0, 30, 1, 6)
    found = aligned(stack, stack)
    assert found.observed == 1 and (found.values == 1).all()
    assert str(found).startswith("100.0 at layers 1 and 1, permuted ") and str(found).endswith("CKA 1.00")


def test_scores_are_of_the_items_asked_for() -> None:
    pool = [Sample(f"s{i}", f"c{i}", (), "?", "A") for i in range(3)]
    found = [
        Alignment((0, 0), 0.5, np.array(values), np.zeros(1), None)
        for values in ([0.0, 0.5, 1.0], [0.2, 0.5, 0.0])
    ]
    scores = as_scores("encoder", found, pool, [pool[2], pool[0]])
    assert (scores.samples, scores.clusters) == (("s2", "s0"), ("c2", "c0"))
    assert scores.values.tolist() == [[0.5], [0.1]]
    assert "CKA undefined" in str(found[0])


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("items", "k"), [(25, 3), (21, 7)])
def test_p_counts_ties_as_what_they_are(seed: int, items: int, k: int) -> None:
    first, second = drawn(seed, items, 2, 4), drawn(seed + 100, items, 2, 4)
    found = align(first, second, np.random.default_rng(seed), k=k, permutations=99)
    counts, count = np.rint(found.null * items * k), round(found.observed * items * k)
    assert found.p == (1 + int((counts >= count).sum())) / 100


@pytest.mark.parametrize("observed", [0.13333333333333336, 0.13333333333333333])
def test_what_was_kept_with_its_last_digit_off_ties_too(observed: float) -> None:
    null = np.array([10 / 75, 9 / 75, 11 / 75])
    assert Alignment((0, 0), observed, np.zeros(3), null, None).p == 3 / 4


@pytest.mark.parametrize("value", [0.1, 1 / 3, 7.7, -1e6, 0.0])
def test_a_constant_has_no_cka(value: float) -> None:
    constant, other = np.full((30, 4), value), drawn(1, 30, 5)
    assert linear_cka(constant, other) is None and linear_cka(other, constant) is None
    assert linear_cka(np.tile(drawn(2, 1, 4), (30, 1)), other) is None
    assert linear_cka(other + 1e6, other) == pytest.approx(1.0)


@given(seeds, st.integers(1, 13))
@settings(max_examples=25)
def test_the_nearest_are_those_of_a_stable_sort_where_items_tie(seed: int, k: int) -> None:
    features = np.random.default_rng(seed).integers(-1, 2, (14, 2)).astype(float)
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    unit = features / np.where(lengths > 0, lengths, 1)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -np.inf)
    expected = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    assert np.array_equal(neighbours(features, k), expected)


def test_the_layers_of_each_half_are_those_that_are_best_on_the_other() -> None:
    """Two layers, four items in this order: what is best on the items themselves is never taken."""
    shares = np.array([[[0.1], [1.0], [0.2], [0.9]], [[0.8], [0.3], [0.7], [0.4]]])
    for order, halves in ((np.arange(4), [[0, 2], [1, 3]]), (np.array([1, 0, 3, 2]), [[1, 3], [0, 2]])):
        best = {0: (0, 0), 1: (1, 0)}
        chosen = [(here.tolist(), layers) for here, layers in _cross_fitted(shares, order)]
        assert chosen == [(half, best[half[0]]) for half in halves]
