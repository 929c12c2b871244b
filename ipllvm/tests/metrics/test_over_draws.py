"""The paper's importance (f0 - f) / f0, by hand."""

import numpy as np
import pytest

from ipllvm.metrics.importance import over_draws
from ipllvm.records import Scores


def scores(*rows: tuple[float, ...]) -> Scores:
    ids = tuple(f"s{n}" for n in range(len(rows)))
    return Scores("noise", ids, ids, np.array(rows))


def test_it_is_what_is_lost_of_the_clean_score_by_the_best_the_mean_and_the_worst_draw() -> None:
    clean, noisy = scores((1.0,), (1.0,), (1.0,), (0.0,)), {2.0: scores(*[(0.6, 0.0)] * 4)}
    found = over_draws(clean, noisy)
    assert {kind: found[kind][2.0] for kind in ("max", "mean", "min")} == pytest.approx(
        {"max": (0.75 - 0.6) / 0.75, "mean": (0.75 - 0.3) / 0.75, "min": 1.0}
    )


def test_there_is_none_without_a_clean_score_or_a_draw() -> None:
    noisy = {1.0: scores((0.5,)), 2.0: scores((np.nan,))}
    assert over_draws(scores((0.0,)), noisy)["max"] == {1.0: None, 2.0: None}
    assert over_draws(scores((np.nan,)), noisy)["max"] == {1.0: None, 2.0: None}
    assert over_draws(scores((1.0,)), noisy)["max"] == {1.0: 0.5, 2.0: None}
