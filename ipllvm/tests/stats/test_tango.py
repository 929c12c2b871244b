"""Tango's statistic against the likelihood itself, and nested runs against one run after the other."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from ipllvm.stats.clusters import spread
from ipllvm.stats.tango import Nested, Stratum

STRATA = {
    "singles": ([1, 0, 0, 1, 0], [0, 0, 1, 0, 0], [1] * 5),
    "clusters": ([2, 0, 1, 0, 0.5, 3], [0, 1, 0, 0, 1.5, 0], [3, 2, 4, 1, 2, 3]),
    "only won": ([0, 0, 0], [1, 0, 2], [2, 2, 2]),
    "one cluster": ([1], [0.5], [4]),
    "two clusters": ([2, 0], [0, 1], [3, 2]),
}


def stratum(name: str) -> Stratum:
    lost, gained, sizes = STRATA[name]
    return Stratum(np.array(lost, float), np.array(gained, float), np.array(sizes))


def quieter(strata: list[Stratum]) -> list[list[Stratum]]:
    """The runs in which the clusters that lost most lost nothing, one cluster more at a time."""
    losing = sorted(
        (float(lost), place, row)
        for place, each in enumerate(strata)
        for row, lost in enumerate(each.lost)
        if lost > 0
    )
    runs = []
    for kept in range(len(losing) + 1):
        lost = [np.zeros(len(each.lost)) for each in strata]
        for amount, place, row in losing[:kept]:
            lost[place][row] = amount
        runs.append([replace(each, lost=mine) for each, mine in zip(strata, lost, strict=True)])
    return runs


@pytest.mark.parametrize(
    "names",
    [["singles"], ["clusters"], ["only won"], ["one cluster"], ["two clusters"],
     ["singles", "clusters"], ["two clusters", "one cluster"],
     ["clusters", "one cluster", "only won", "singles"]],
    ids=" + ".join,
)  # fmt: skip
def test_nested_runs_are_runs(names: list[str]) -> None:
    strata = [stratum(name) for name in names]
    found = Nested.of(strata, 0.5)
    runs = quieter(strata)
    assert len(found.mean) == len(runs) and found.step == 0.5
    n = sum(int(each.sizes.sum()) for each in strata)
    largest = max(int(each.sizes.max()) for each in strata)
    for place, run in enumerate(runs):
        lost, gained = (
            sum(float(getattr(each, part).sum()) for each in run) / n for part in ("lost", "gained")
        )
        around = sum(spread(each.lost - each.gained, each.sizes) for each in run)
        events = n * (lost + gained - (lost - gained) ** 2)
        deff = (around + largest) / (events + 1)
        seen = (
            found.mean[place],
            found.lost[place],
            found.gained[place],
            found.deff[place],
            found.effective[place],
        )
        assert seen == pytest.approx((lost - gained, lost, gained, deff, n / deff))


def test_a_run_of_nothing_has_a_design_effect_of_one() -> None:
    found = Nested.of([Stratum(np.zeros(0), np.zeros(0), np.zeros(0, int))], 1.0)
    assert (found.mean.tolist(), found.deff.tolist(), found.effective.tolist()) == ([0.0], [1.0], [1.0])


def most_likely(lost: float, gained: float, n: float, t: float) -> float:
    """The variance of the summed differences where losses less gains are `t` and all else is likeliest."""

    def unlikely(won: float) -> float:
        chances = np.maximum([won + t, won, 1 - 2 * won - t], 1e-300)
        return -float(np.array([lost, gained, 1 - lost - gained]) @ np.log(chances))

    low, high = max(0.0, -t), (1 - t) / 2
    won = minimize_scalar(unlikely, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    return n * float(2 * won + t - t**2)


@pytest.mark.parametrize("t", [-0.6, -0.05, 0.0, 0.02, 0.1, 0.5])
@pytest.mark.parametrize(("lost", "gained"), [(0.04, 0.02), (0.2, 0.01), (0.05, 0.3), (0.5, 0.4)])
def test_the_variance_is_that_of_the_likeliest_law(lost: float, gained: float, t: float) -> None:
    for n, deff, step in ((300.0, 1.0, 1.0), (80.0, 2.5, 0.2)):
        mean, losses = np.array([lost - gained]), np.array([lost])
        run = Nested(mean, losses, np.array([gained]), np.array([deff]), np.array([n]), step)
        variance = most_likely(lost, gained, n, t)
        assert run.variance(t)[0] == pytest.approx(variance, rel=1e-4)
        distance = n * (lost - gained - t)
        steps = max(abs(distance) - step / (2 * deff), 0) / np.sqrt(variance)
        assert run.statistic(t)[0] == pytest.approx(np.copysign(steps, distance) if steps else 0, rel=1e-4)


def test_where_nothing_varies_any_distance_is_infinite() -> None:
    quiet = Nested(np.zeros(1), np.zeros(1), np.zeros(1), np.ones(1), np.array([100.0]), 0.0)
    assert quiet.variance(0.0)[0] == 0 and quiet.statistic(0.0)[0] == 0
    all_lost = replace(quiet, mean=np.ones(1), lost=np.ones(1))
    assert all_lost.statistic(0.0)[0] > 5
