"""What was read of answers, beside their scores."""

import numpy as np

from ipllvm.records import Scores


def test_unread_is_a_share_of_what_was_graded() -> None:
    values = np.array([[1.0, 0.0], [0.0, np.nan]])
    scores = Scores("clean", ("a", "b"), ("a", "b"), values, {"b": "boom"}, (("A", None), ("B", None)))
    assert scores.unread == 1 / 3


def test_of_scores_that_were_made_of_others_it_is_not_known() -> None:
    assert Scores("mean", ("a",), ("a",), np.array([[0.5]])).unread is None
