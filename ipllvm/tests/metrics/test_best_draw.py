"""The best of K draws, chosen on the other half of the clusters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.metrics.best_draw import cross_fitted, halves
from ipllvm.metrics.importance import more_lost, quarter_share
from ipllvm.metrics.weighted import weighted
from ipllvm.records import Scores


def scores(values: object, size: int = 1) -> Scores:
    table = np.asarray(values, dtype=float)
    ids = tuple(f"s{i}" for i in range(len(table)))
    return Scores("p", ids, tuple(f"c{i // size}" for i in range(len(table))), table)


def test_each_half_has_the_draw_that_is_best_on_the_other() -> None:
    """The first half scores best in the second draw, the other half in the first."""
    table = [[0, 1], [0, 1], [1, 0], [1, 0]]
    found = cross_fitted(scores(table), frozenset({"c0", "c1"}))
    assert found.values.tolist() == [[0], [0], [0], [0]]
    assert cross_fitted(scores(table), frozenset({"c0", "c2"})).values.tolist() == [[0], [0], [1], [1]]


def test_the_best_strength_is_found_and_luck_is_not_counted() -> None:
    rng = np.random.default_rng(0)
    found = {}
    for name, rates in {"luck": [0.5] * 10, "strength": [0.2] * 9 + [0.8]}.items():
        tables = [rng.random((200, 10)) < rates for _ in range(100)]
        first = halves([f"c{i}" for i in range(200)], rng)
        means = [(float(cross_fitted(scores(t), first).values.mean()), t.mean(0).max()) for t in tables]
        found[name] = np.mean(means, axis=0)
    assert found["luck"] == pytest.approx([0.5, 0.5 + 1.54 * 0.0354], abs=0.01)
    assert found["strength"] == pytest.approx([0.8, 0.8], abs=0.01)


def test_a_sample_with_an_error_chooses_nothing_and_stays_one() -> None:
    found = cross_fitted(scores([[1, 0], [0, np.nan], [1, 0], [1, 0]]), frozenset({"c0", "c1"}))
    assert np.isnan(found.values[1, 0]) and found.values[[0, 2, 3], 0].tolist() == [1, 1, 1]
    assert cross_fitted(scores([[0, 1]]), halves(["c0"], np.random.default_rng(0))).values.tolist() == [[0]]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(0, 9))
def test_halves_are_of_whole_clusters_and_differ_by_one_at_most(clusters: list[int], seed: int) -> None:
    names = [str(each) for each in clusters]
    first = halves(names, np.random.default_rng(seed))
    assert first <= set(names) and len(set(names)) - 2 * len(first) in (0, 1)
    assert first == halves(names[::-1], np.random.default_rng(seed))


def test_sums_by_draw() -> None:
    clean, noisy = scores([[1], [1], [0]]), scores([[1, 0], [0, 0], [np.nan, 0]])
    made = weighted("x", [(1.0, clean), (-0.5, noisy)], crossed=True)
    assert made.crossed is not None and made.crossed.tolist() == [[0.5, 1.0], [1.0, 1.0]]
    assert made.values.tolist() == [0.75, 1.0] and made.n_error == 1
    assert weighted("x", [(1.0, clean)]).crossed is None
    for each in (quarter_share(clean, [noisy] * 4, 0.5, crossed=True),
                 more_lost("x", [noisy], [clean], crossed=True)):  # fmt: skip
        assert each.crossed is not None and each.crossed.mean(1) == pytest.approx(each.values)
