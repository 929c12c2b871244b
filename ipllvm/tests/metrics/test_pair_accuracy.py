"""Scores of pairs: both right or nothing, NaN where a sample failed."""

import numpy as np
import pytest

from ipllvm.metrics.pair_accuracy import pair_scores
from ipllvm.records import Scores

NAN = float("nan")


def scores(values: list[list[float]], clusters: str) -> Scores:
    """Scores of samples whose clusters are the letters of a string."""
    ids = tuple(str(i) for i in range(len(clusters)))
    return Scores("clean", ids, tuple(clusters), np.array(values, float).reshape(len(clusters), -1))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[1], [1], [0], [1]], 0.5),
        ([[1], [0], [0], [1]], 0.0),
        ([[1], [1], [1], [1]], 1.0),
        ([[1, 0], [1, 1], [0, 0], [1, 1]], 0.25),
        ([[0.5], [1], [1], [1]], 0.5),
    ],
)
def test_both_must_be_right(values: list[list[float]], expected: float) -> None:
    assert pair_scores(scores(values, "aabb")).values.mean() == expected


def test_pairs_need_not_be_neighbours() -> None:
    assert pair_scores(scores([[1], [0], [1], [0]], "abab")).values.tolist() == [[1.0], [0.0]]


def test_a_pair_with_an_error_carries_it() -> None:
    given = scores([[1, 1], [1, NAN], [1, 1], [1, 0]], "aabb")
    made = pair_scores(Scores(given.perturbation, given.samples, given.clusters, given.values, {"1": "boom"}))
    assert made.samples == made.clusters == ("a", "b")
    assert made.errors == {"a": "boom"}
    assert np.isnan(made.values[0, 1])
    assert made.values[1].tolist() == [1.0, 0.0]


def test_half_a_pair_is_no_pair() -> None:
    made = pair_scores(scores([[0], [1], [1]], "aab"))
    assert (made.samples, made.values.tolist()) == (("a",), [[0.0]])
