"""Where a lead is first lost, and in how many resamples it never is."""

import numpy as np
import pytest

from ipllvm.metrics.importance import Crossing, crossing
from ipllvm.records import Contrast

N = 40


def leads(*means: float) -> list[Contrast]:
    """A contrast a place, the same in every cluster."""
    ids = tuple(f"c{n}" for n in range(N))
    return [Contrast("lead", np.full(N, mean), ids, samples=ids) for mean in means]


@pytest.mark.parametrize(
    ("means", "found"),
    [
        ((0.3, 0.2, -0.1, 0.4), Crossing(3, 3, 3, 0.0)),
        ((0.3, 0.0), Crossing(2, 2, 2, 0.0)),
        ((0.3, 0.2, 0.1), Crossing(None, None, None, 1.0)),
        ((-0.1, 0.2, -0.3), Crossing(None, None, None, 1.0)),
        ((0.0, 0.2, -0.3), Crossing(None, None, None, 1.0)),
    ],
)
def test_where_clusters_agree_every_resample_crosses_at_the_same_place(
    means: tuple[float, ...], found: Crossing
) -> None:
    assert crossing(leads(*means), np.random.default_rng(1)) == found


@pytest.mark.parametrize("unit", [1e-4, 1e4])
def test_the_unit_of_a_lead_does_not_move_the_crossing(unit: float) -> None:
    means = (0.3, 0.2, -0.1, 0.4)
    found = crossing(leads(*(unit * mean for mean in means)), np.random.default_rng(1))
    assert found == crossing(leads(*means), np.random.default_rng(1))


def test_where_they_do_not_some_resamples_never_cross() -> None:
    ids = tuple(f"c{n}" for n in range(N))
    second = Contrast("lead", np.where(np.arange(N) % 2, 1.0, -0.8), ids, samples=ids)
    made = crossing([leads(0.5)[0], second], np.random.default_rng(1), replicates=500)
    assert (made.at, made.low, made.high) == (None, 2, 2)
    assert 0.6 < made.never < 0.9
