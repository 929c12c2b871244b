"""At the margin itself a verdict may be wrong in about one run of twenty, not more."""

from collections.abc import Callable

import numpy as np
import pytest

from ipllvm.records import Contrast
from ipllvm.sampling import generator
from ipllvm.stats.score_interval import ScoreTest
from ipllvm.tests.stats.contrasts import grouped

RUNS = 300
Law = Callable[[np.random.Generator, int, int], np.ndarray]


def _one_way(rng: np.random.Generator, n: int, size: int) -> np.ndarray:
    return (rng.random(n) < 0.02).astype(float)


def _both_ways(rng: np.random.Generator, n: int, size: int) -> np.ndarray:
    u = rng.random(n)
    return (u < 0.06).astype(float) - (u > 0.96)


def _whole_clusters(rng: np.random.Generator, n: int, size: int) -> np.ndarray:
    u = np.repeat(rng.random(n // size), size)
    return (u < 0.07).astype(float) - (u > 0.95)


@pytest.mark.parametrize(
    ("law", "n", "size"),
    [(_one_way, 300, 1), (_both_ways, 300, 1), (_both_ways, 50, 2), (_whole_clusters, 600, 5)],
)
def test_false_verdicts_at_the_margin(law: Law, n: int, size: int) -> None:
    held = violated = 0
    for run in range(RUNS):
        values = law(generator(7, n, size, run), n, size)
        test = ScoreTest.of(Contrast("drop", values, grouped(n, size)))
        held += test.p_holds(0.02) <= 0.05
        violated += test.p_violated(0.02) <= 0.05
    assert held / RUNS <= 0.09
    assert violated / RUNS <= 0.09


def test_clear_cases_are_decided() -> None:
    """The limits above would be kept by a test that never decides."""
    held = violated = 0
    for run in range(RUNS):
        u = generator(8, run).random(1000)
        small = Contrast("drop", (u < 0.003).astype(float), grouped(1000, 1))
        large = Contrast("drop", (u < 0.06).astype(float), grouped(1000, 1))
        held += ScoreTest.of(small).p_holds(0.02) <= 0.05
        violated += ScoreTest.of(large).p_violated(0.02) <= 0.05
    assert held / RUNS >= 0.95
    assert violated / RUNS >= 0.95
