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
        ((-0.1, 0.2, -0.3), Crossing(None, None, None, 1.0, led=False)),
        ((0.0, 0.2, -0.3), Crossing(None, None, None, 1.0, led=False)),
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


@pytest.mark.parametrize("failed", [{1: [0]}, {0: [3, 4]}, {0: [0], 1: [1], 3: [N - 1]}])
def test_a_sample_that_failed_at_one_place_is_left_out_of_all(failed: dict[int, list[int]]) -> None:
    rng = np.random.default_rng(3)
    ids = tuple(f"c{n}" for n in range(N))
    table = rng.normal([0.6, 0.4, -0.1, 0.3], 0.5, (N, 4))
    places = [
        np.array([n not in failed.get(place, []) for n in range(N)], bool) for place in range(table.shape[1])
    ]
    whole = [Contrast("lead", table[:, place], ids, samples=ids) for place in range(4)]
    found = crossing([each.only(kept) for each, kept in zip(whole, places, strict=True)], generator())
    every = np.logical_and.reduce(places)
    assert found == crossing([each.only(every) for each in whole], generator())


def generator() -> np.random.Generator:
    return np.random.default_rng(1)


def test_samples_are_paired_by_id_and_not_by_place() -> None:
    ids = tuple(f"c{n}" for n in range(N))
    first = Contrast("lead", np.full(N, 0.5), ids, samples=ids)
    second = Contrast("lead", np.linspace(-1.0, 0.9, N), ids, samples=ids)
    back = Contrast("lead", second.values[::-1], ids[::-1], samples=ids[::-1])
    assert crossing([first, second], generator()) == crossing([first, back], generator())


def test_without_a_sample_that_all_have_there_is_no_crossing() -> None:
    one, other = (Contrast("lead", np.ones(1), (name,), samples=(name,)) for name in "ab")
    assert crossing([one, other], generator()) == Crossing(None, None, None, 1.0, led=False)
