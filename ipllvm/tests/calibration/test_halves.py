"""Halves of what was measured: draws are paired by sample, samples are two independent sets."""

import numpy as np
import pytest

from ipllvm import claims
from ipllvm.calibration import halves
from ipllvm.calibration.halves import HalvedScores, apart, of_draws, of_samples
from ipllvm.metrics.performance_drop import performance_drop
from ipllvm.records import Contrast, Scores
from ipllvm.stats.choice import choose
from ipllvm.tests.stats.contrasts import singletons

N = 120
IDS = singletons(N)


def scores(values: np.ndarray) -> Scores:
    return Scores("made up", IDS, IDS, values)


def measured(perturbed: np.ndarray) -> HalvedScores:
    """Right on the clean input; perturbed as given, [samples, draws]."""
    return HalvedScores(
        claims.load()["permutation"], scores(np.ones((N, 1))), scores(perturbed.astype(float))
    )


def test_draws_are_halved_within_each_sample() -> None:
    """Where all draws of a sample agree nothing can differ, however unlike the samples are."""
    found = of_draws([measured(np.repeat(np.arange(N)[:, None] % 2, 4, 1))], splits=10)
    assert found["verdicts"] == {"permutation UNDECIDED": 10}
    assert of_samples([measured(np.repeat(np.arange(N)[:, None] % 2, 4, 1))], splits=10)["splits"] == 10


def test_disjoint_halves_of_the_draws_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).random((N, 6)) < 0.5
    dealt: list[np.ndarray] = []

    def drop(clean: Scores, perturbed: Scores) -> Contrast:
        dealt.append(perturbed.values)
        return performance_drop(clean, perturbed)

    monkeypatch.setattr(halves, "performance_drop", drop)
    of_draws([measured(values)], splits=1)
    first, second = dealt
    assert first.shape == second.shape == (N, 3)
    assert np.array_equal(first.sum(1) + second.sum(1), values.sum(1))


def test_false_regressions_are_rare_where_draws_are_exchangeable() -> None:
    values = np.random.default_rng(1).random((N, 10)) < 0.7
    found = of_draws([measured(values)], splits=100)
    assert found["comparisons"] == sum(found["verdicts"].values()) == 100
    assert found["false_regressions"] <= 5


def test_variances_of_independent_sets_add() -> None:
    """With intervals that are as wide to either side: the difference's reach is the hypotenuse."""
    rng = np.random.default_rng(2)
    first, second = (
        Contrast("drop", rng.choice([-1.0, 1.0], n), singletons(n), samples=singletons(n)) for n in (400, 100)
    )
    low, high = apart(first, second)
    reach = [np.diff(choose(each).interval(0.05))[0] for each in (first, second)]
    assert high - low == pytest.approx(np.hypot(*reach), rel=0.02)
    assert (low + high) / 2 == pytest.approx(second.values.mean() - first.values.mean(), abs=0.02)
    assert apart(second, first) == pytest.approx((-high, -low))
    assert apart(first, second, sign=-1) == pytest.approx((-high, -low))


def test_a_model_is_measured_once_with_its_draws() -> None:
    found = halves.measure("planted:exact-drop,d=0.3", "planted", 6)
    assert [each.claim.name for each in found] == ["permutation", "patch_shuffle"]
    assert all(each.perturbed.values.shape == (6, halves.DRAWS) for each in found)
    assert found[0].clean.values.shape == (6, 1)
