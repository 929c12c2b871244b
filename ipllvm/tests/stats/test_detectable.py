"""What a planned run can detect: as the score test has it for single samples, with the floor in clusters."""

import math

import numpy as np
import pytest

from ipllvm.calibration.distributions import Design, Flips
from ipllvm.sampling import generator
from ipllvm.stats.detectable import Detectable, PlannedRun
from ipllvm.stats.power import minimum_detectable_effect, standard_error
from ipllvm.stats.score_interval import ScoreTest

MARGIN = 0.02


def test_of_single_samples_both_sides_are_the_score_tests() -> None:
    found = PlannedRun(np.ones(1000, dtype=int)).detects(MARGIN)
    assert found == Detectable(*2 * [minimum_detectable_effect(standard_error(1000, 0.1, MARGIN), 1.0, 1000)])


@pytest.mark.parametrize("draws", [1, 5])
def test_few_clusters_hold_only_where_much_is_won(draws: int) -> None:
    """At the distance that the spread alone asks for a fifth of the runs hold, at this one four fifths."""
    found = PlannedRun(np.full(30, 10), draws).detects(MARGIN, 1 / draws)
    repeats = (1 + (draws - 1) * 0.4) / draws
    design = Design(300, 10, draws, rho_c=0.1 * repeats, rho_k=0.4)
    assert found.holds > 0.1 > found.violated, "more is won than a tenth of the answers changes"
    assert share_held(design, MARGIN - found.holds) > 0.7
    assert share_held(design, MARGIN - found.violated) < 0.35


def share_held(design: Design, truth: float) -> float:
    law, runs = Flips.of(truth, 0.1), 80
    tests = [ScoreTest.of(law.contrast(design, generator("held", run))) for run in range(runs)]
    return sum(test.holds(MARGIN, 0.05) for test in tests) / runs


@pytest.mark.parametrize(
    ("sizes", "draws", "holds", "violated"),
    [(10, 1, 0.1307, 0.0683), (10, 5, 0.1211, 0.0516), (2, 1, 0.0522, 0.0492), (2, 5, 0.0382, 0.0346)],
)
def test_of_300_samples_in_clusters_these_are_the_distances(
    sizes: int, draws: int, holds: float, violated: float
) -> None:
    found = PlannedRun(np.full(300 // sizes, sizes), draws).detects(MARGIN, 1 / draws)
    assert (found.holds, found.violated) == pytest.approx((holds, violated), abs=1e-4)


def test_one_giant_cluster_cannot_hold() -> None:
    found = PlannedRun(np.array([750, *[1] * 750])).detects(MARGIN)
    assert math.isinf(found.holds) and found.larger == found.violated


def test_more_clusters_never_detect_less() -> None:
    runs = [PlannedRun(np.full(clusters, 10)).detects(MARGIN) for clusters in (30, 60, 150, 600, 2400)]
    assert [run.holds for run in runs] == sorted((run.holds for run in runs), reverse=True)
    assert runs[0].holds > 1.5 * runs[0].violated and runs[-1].holds < 1.1 * runs[-1].violated


@pytest.mark.parametrize("margin", [-0.02, 0.0, 0.05, 0.5])
@pytest.mark.parametrize("sizes", [[2] * 150, [10] * 8, [1, 2, 3, 50], [40, 40]])
def test_any_margin_and_any_sizes_have_an_answer(margin: float, sizes: list[int]) -> None:
    found = PlannedRun(np.array(sizes)).detects(margin)
    assert found.holds >= found.violated > 0 and math.isfinite(found.larger)


@pytest.mark.parametrize("margin", [1.0, -1.0])
def test_a_margin_at_the_end_of_all_scores_is_planned_for(margin: float) -> None:
    """Clusters of two divided by nothing at "at most 100 points"."""
    found = PlannedRun(np.full(150, 2)).detects(margin)
    assert (found.holds < math.inf) == (margin > 0) and found.violated > 0
