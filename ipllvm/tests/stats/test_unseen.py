"""The share of unseen gains that leaves the largest p-value."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import ndtr

from ipllvm.stats.unseen import beside_unseen


@pytest.mark.parametrize(("spread", "distance"), [(0.001, 0.02), (0.005, 0.03), (0.02, 0.03), (0.05, 0.3)])
def test_no_other_share_leaves_more(spread: float, distance: float) -> None:
    def p_value(mean: float) -> float:
        return float(ndtr((mean - distance) / spread))

    found = beside_unseen(p_value, 0.0, 150)
    shares = np.linspace(0.0, 0.3, 3001)
    every = [(1 - w) ** 150 * p_value(w / (1 - w)) for w in shares]
    assert max(every) * (1 - 1e-3) <= found <= max(every) * (1 + 1e-2)
    assert found >= p_value(0.0)


def test_a_p_value_that_rises_slowly_is_left_as_it_is() -> None:
    """What varies by more than a few whole samples tells more of the mean than gains that were not seen."""

    def p_value(mean: float) -> float:
        return float(ndtr((mean - 0.06) / 0.04))

    assert beside_unseen(p_value, 0.0, 50) == pytest.approx(p_value(0.0), rel=1e-3)


def test_it_rises_with_the_mean_and_falls_with_the_samples() -> None:
    def at(theta: float, samples: float) -> float:
        return beside_unseen(lambda mean: float(ndtr((mean - 0.05) / 0.004)), theta, samples)

    over_means = [at(theta, 100) for theta in np.linspace(-0.9, 0.9, 37)]
    over_samples = [at(0.0, samples) for samples in (10, 30, 100, 300, 1000)]
    assert all(a <= b * (1 + 1e-3) for a, b in pairwise(over_means))
    assert all(a >= b for a, b in pairwise(over_samples))
    assert at(0.04, 100) > 0.2 and beside_unseen(lambda mean: 1.0, 0.5, 10) == 1.0
