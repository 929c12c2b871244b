"""Correlation over models: exact where it can be, undecided where there are too few."""

from itertools import permutations

import numpy as np
import pytest

from ipllvm.stats.correlation import correlation, fisher_interval


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize(("models", "p"), [(4, 1 / 24), (5, 1 / 120), (6, 1 / 720)])
def test_the_smallest_possible_p_value(models: int, p: float) -> None:
    found = correlation(range(models), range(models), _rng())
    assert found.p == pytest.approx(p)
    assert found.spearman == pytest.approx(1.0)
    assert found.decided == (models >= 6)


def test_all_pairings_are_counted() -> None:
    x, y = [1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 1.0, 4.0, 3.0, 5.0]
    observed = np.dot(x, y)
    as_large = [np.dot(x, order) >= observed - 1e-9 for order in permutations(y)]
    assert correlation(x, y, _rng()).p == pytest.approx(np.mean(as_large))


def test_either_way_is_decided_by_the_same_permutations() -> None:
    for models in (6, 9):
        up = correlation(range(models), [*range(1, models), 0], _rng())
        down = correlation(range(models), [-value for value in (*range(1, models), 0)], _rng())
        assert up.p == pytest.approx(down.p_opposite, abs=0.005)
        assert up.p is not None and up.p_opposite is not None and up.p + up.p_opposite >= 1


def test_an_outlier_turns_pearson_and_not_the_verdict() -> None:
    """Eight models whose ranks go up, and one pair of numbers so large that Pearson goes down."""
    found = correlation([1, 2, 3, 4, 5, 6, 7, 1000], [1, 2, 3, 4, 5, 6, 7, -1000], _rng())
    assert found.pearson is not None and found.pearson < -0.9 and found.interval is not None
    assert found.interval[1] < 0 and found.p_opposite is not None and found.p_opposite > 0.5


def test_fisher() -> None:
    lows = [fisher_interval(0.95, models) for models in (4, 6)]
    assert [low and low[0] for low in lows] == pytest.approx([0.1848, 0.7075], abs=5e-5)
    assert fisher_interval(0.95, 3) is None
    assert fisher_interval(1.0, 5) == (1.0, 1.0)


def test_nine_models_are_drawn() -> None:
    found = correlation([*range(8), 7.5], [0, 2, 1, 3, 5, 4, 7, 6, 8], _rng())
    assert found.p is not None and 0 < found.p < 0.001
    assert found == correlation([*range(8), 7.5], [0, 2, 1, 3, 5, 4, 7, 6, 8], _rng())


@pytest.mark.parametrize(("x", "y"), [([], []), ([1], [2]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [2, 2, 2])])
def test_nothing_is_said_of_nothing(x: list[float], y: list[float]) -> None:
    found = correlation(x, y, _rng())
    assert (found.spearman, found.p, found.decided) == (None, None, False)
    assert str(found).startswith("no correlation")


def test_sides_that_differ_by_one_or_by_less_are_not_constant() -> None:
    for x, y in (([0, 1, 1, 0], [5, 5, 6, 5]), ([0.0, 0.1], [0.2, 0.3])):
        assert correlation(x, y, _rng()).spearman is not None


def test_few_models_are_undecided_in_words() -> None:
    assert "UNDECIDED, too few models" in str(correlation([1, 2, 3, 4], [1, 3, 2, 4], _rng()))
    assert "UNDECIDED" not in str(correlation(range(7), range(7), _rng()))


def test_unequal_lengths() -> None:
    with pytest.raises(ValueError, match="2 numbers on one side, 1 on the other"):
        correlation([1, 2], [1], _rng())
