"""The tests behind WORSE: losses beside noise, shared levels, and a judge put right by labels."""

import numpy as np
import pytest

from ipllvm.records import Contrast
from ipllvm.stats.flip_noise import FlipCounts, may_be_used, p_beyond_noise
from ipllvm.stats.multiplicity import holm
from ipllvm.stats.ppi import corrected


def test_noise_that_is_three_times_what_was_measured_gives_few_false_alarms() -> None:
    """One run of each is repeated; the change flips as an unchanged model does, or three times as often."""
    rng = np.random.default_rng(0)
    for factor, limit in ((1, 0.06), (3, 0.12)):
        alarms = 0
        for _ in range(500):
            noise = rng.binomial(600, 0.005, 2)
            change = rng.binomial(300, factor * 0.005, 2)
            found, known = FlipCounts(change[0], change[1], 300), FlipCounts(noise[0], noise[1], 600)
            alarms += may_be_used(found, known) and p_beyond_noise(found, known) <= 0.05
        assert alarms / 500 <= limit


def test_weights_share_the_level_and_pass_it_on() -> None:
    assert holm([0.02, 0.5], [1, 1]) == holm([0.02, 0.5])
    assert holm([0.024, 0.9, 0.9], [2, 1, 1]) == pytest.approx((0.048, 1.0, 1.0))


def test_labels_put_a_biased_judge_right() -> None:
    rng = np.random.default_rng(0)
    people = (rng.random(400) < 0.7).astype(float)
    judge = np.maximum(people, rng.random(400) < 0.5)
    ids = tuple(map(str, range(400)))
    judged = Contrast("judge", judge, ids, samples=ids)
    labels = {str(i): people[i] for i in range(100)}
    found = corrected(judged, labels)
    assert found is not None and found.low <= 0.7 <= found.high < judge.mean()
    assert found.off == pytest.approx(float(np.mean(judge[:100] - people[:100])))
    assert corrected(judged, {"0": 1.0}) is None


def test_a_useless_judge_does_no_harm() -> None:
    rng = np.random.default_rng(0)
    ids = tuple(map(str, range(400)))
    judged = Contrast("judge", (rng.random(400) < 0.5).astype(float), ids, samples=ids)
    found = corrected(judged, {str(i): float(i % 10 > 0) for i in range(100)})
    assert found is not None and found.trust < 0.2 and abs(found.mean - 0.9) < 0.06


@pytest.mark.parametrize(
    ("won", "of", "may"), [(3, 100, True), (3, 101, True), (3, 99, False), (4, 100, False), (0, 1, True)]
)
def test_what_was_won_is_compared_by_size(won: int, of: int, may: bool) -> None:
    """9 of 300 are 3 of 100."""
    assert may_be_used(FlipCounts(2, won, of), FlipCounts(1, 9, 300)) is may
