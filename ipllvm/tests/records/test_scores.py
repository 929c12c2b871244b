"""What was read of answers, beside their scores."""

import numpy as np
import pytest

from ipllvm.records import Scores


def test_unread_is_a_share_of_what_was_graded() -> None:
    values = np.array([[1.0, 0.0], [0.0, np.nan]])
    scores = Scores("clean", ("a", "b"), ("a", "b"), values, {"b": "boom"}, (("A", None), ("B", None)))
    assert scores.unread == 1 / 3


def test_of_scores_that_were_made_of_others_it_is_not_known() -> None:
    assert Scores("mean", ("a",), ("a",), np.array([[0.5]])).unread is None


@pytest.mark.parametrize("kept", [{"b"}, {"c", "a"}, set(), {"a", "b", "c", "d"}])
def test_a_part_of_scores_keeps_its_errors_answers_and_order(kept: set[str]) -> None:
    whole = Scores(
        "p", ("c", "a", "b"), ("C", "A", "B"), np.array([[1.0], [np.nan], [0.0]]), {"a": "boom"},
        (("yes",), (None,), ("no",)),
    )  # fmt: skip
    part = whole.only(kept)
    assert part.samples == tuple(s for s in "cab" if s in kept)
    assert part.clusters == tuple(s.upper() for s in part.samples)
    assert part.errors == ({"a": "boom"} if "a" in kept else {})
    assert len(part.answers) == len(part.values) == len(part.samples)
