"""Contrasts: paired by id, meaned over draws, nothing scored that failed."""

from typing import Any

import numpy as np
import pytest

from ipllvm.metrics.performance_drop import gain, performance_drop, score
from ipllvm.metrics.score_means import ranges, score_means
from ipllvm.metrics.weighted import weighted
from ipllvm.records import Failed, Scores

NAN = float("nan")


def _scores(rows: list[list[float]], ids: str = "abcdefgh", name: str = "clean") -> Scores:
    samples = tuple(ids[: len(rows)])
    clusters = tuple(f"image-{'ab' if s in 'ab' else s}" for s in samples)
    errors = {s: "boom" for s, row in zip(samples, rows, strict=True) if any(np.isnan(row))}
    return Scores(name, samples, clusters, np.array(rows, dtype=float).reshape(len(rows), -1), errors)


def test_the_drop_is_clean_minus_the_mean_over_draws() -> None:
    clean = _scores([[1], [1], [0], [0]])
    permuted = _scores([[1, 1, 1, 1, 1], [1, 0, 0, 1, 1], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]])
    contrast = performance_drop(clean, permuted)
    assert contrast.values.tolist() == [0.0, 0.4, -0.2, 0.0]
    assert contrast.clusters == ("image-ab", "image-ab", "image-c", "image-d")
    assert (contrast.name, contrast.bound, contrast.draws) == ("performance_drop", 1.0, 5)
    assert (contrast.lattice, contrast.n_error) == (0.2, 0)


def test_pairs_are_made_by_id_not_by_place() -> None:
    clean = _scores([[1], [0], [1]], "abc")
    permuted = _scores([[1], [1], [0]], "cba")
    contrast = performance_drop(clean, permuted)
    assert contrast.values.tolist() == [1.0, -1.0, 0.0]
    assert contrast.clusters == clean.clusters


def test_an_error_on_either_side_is_left_out_and_counted() -> None:
    clean = _scores([[1], [NAN], [1], [1], [NAN]])
    permuted = _scores([[0, 0], [0, 0], [0, NAN], [1, 1], [NAN, NAN]])
    contrast = performance_drop(clean, permuted)
    assert contrast.values.tolist() == [1.0, 0.0]
    assert contrast.clusters == ("image-ab", "image-d")
    assert contrast.n_error == 3
    assert contrast.lattice == 0.5


def test_a_stopped_run_pairs_what_there_is() -> None:
    clean, permuted = _scores([[1], [1], [NAN]]), _scores([[0]])
    contrast = performance_drop(clean, permuted)
    assert (contrast.values.tolist(), contrast.n_error) == ([1.0], 0)


@pytest.mark.parametrize("difference", [performance_drop, lambda a, b: weighted("w", [(1.0, a), (-1.0, b)])])
def test_what_failed_on_one_side_and_was_not_asked_on_the_other_is_nobodys(difference: Any) -> None:
    """Half of the questions were asked again, all of them answered; the others failed."""
    first = _scores([[1], [1], [NAN], [NAN]])
    for contrast in (difference(first, _scores([[1], [0]])), difference(_scores([[1], [0]]), first)):
        assert (len(contrast.values), contrast.n_error, contrast.failed) == (2, 0, ())
    failed = difference(first, _scores([[1], [NAN], [1]]))
    assert (failed.n_error, [each[2:4] for each in failed.failed]) == (2, [(0.0, 1.0), (-1.0, 0.0)])


def test_all_errors_leave_nothing() -> None:
    contrast = performance_drop(_scores([[1], [1]]), _scores([[NAN], [NAN]]))
    assert (len(contrast.values), contrast.clusters, contrast.n_error) == (0, (), 2)


def test_graded_scores_have_no_lattice() -> None:
    assert performance_drop(_scores([[1], [0.5]]), _scores([[1], [1]])).lattice == 0.0
    assert performance_drop(_scores([[1], [1]]), _scores([[0.25], [1]])).lattice == 0.0


def test_draws_on_both_sides_share_a_lattice() -> None:
    assert performance_drop(_scores([[1, 0]]), _scores([[1, 0, 0]])).lattice == pytest.approx(1 / 6)


def test_equal_graded_scores_are_no_change() -> None:
    clean, permuted = _scores([[0.3]]), _scores([[0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3]])
    assert performance_drop(clean, permuted).values.tolist() == [0.0]


def test_gain_is_what_seeing_is_worth() -> None:
    contrast = gain(_scores([[1], [1], [0]]), _scores([[0], [1], [0]], name="blank"))
    assert (contrast.name, contrast.values.tolist(), contrast.lattice) == ("gain", [1.0, 0.0, 0.0], 1.0)


def test_score_is_meaned_over_draws() -> None:
    contrast = score(_scores([[1, 0], [NAN, 1], [1, 1]], name="permuted"))
    assert (contrast.name, contrast.values.tolist(), contrast.n_error) == ("permuted", [0.5, 1.0], 1)
    assert (contrast.draws, contrast.lattice) == (2, 0.5)


def test_nothing_in_nothing_out() -> None:
    empty = Scores("clean", (), (), np.zeros((0, 1)))
    assert len(performance_drop(empty, empty).values) == 0
    assert score(empty).n_error == 0


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (Scores("x", ("a", "a"), ("c", "c"), np.zeros((2, 1))), "a sample id repeats"),
        (Scores("x", ("a",), ("c", "c"), np.zeros((2, 1))), "differ in number"),
        (Scores("x", ("a",), ("c",), np.zeros((1, 0))), "at least one draw"),
        (Scores("x", ("a",), ("c",), np.zeros(1)), "at least one draw"),
        (Scores("x", ("a",), ("c",), np.full((1, 1), 1.2)), "outside"),
        (Scores("x", ("a",), ("c",), np.full((1, 1), -0.2)), "outside"),
        (Scores("x", ("a",), ("other",), np.zeros((1, 1))), "in two clusters"),
    ],
)
def test_scores_that_cannot_be_paired(scores: Scores, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        performance_drop(_scores([[1]]), scores)


def test_means_of_all_rows_are_those_of_each_row_to_the_last_bit() -> None:
    table = np.random.default_rng(0).random((8, 129))
    table[3, 7] = NAN
    found = score_means(_scores(table.tolist()))
    assert list(found) == list("abcefgh")
    assert all(mean == table["abcdefgh".index(sample)].mean() for sample, (_, mean) in found.items())


def test_no_range_is_asked_of_no_sample() -> None:
    scores = _scores([[1], [NAN]])
    assert ranges(scores, set()) == {} and ranges(scores) == {"b": (0.0, 1.0)}


def test_what_failed_could_add_what_is_left_open_on_either_side() -> None:
    """By hand: of b nothing is known before, 1 after; of c 1 before, and half of its draws after."""
    clean = _scores([[1], [NAN], [1]])
    permuted = _scores([[1, 1], [1, 1], [NAN, 0]])
    contrast = performance_drop(clean, permuted)
    assert contrast.failed == (
        Failed("b", "image-ab", -1.0, 0.0),
        Failed("c", contrast.failed[1].cluster, 0.5, 1.0),
    )
