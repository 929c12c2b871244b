"""What stands beside a claim: ratios with their guard, areas, draws, and where a lead is lost."""

import math

import numpy as np
import pytest

from ipllvm.metrics.importance import crossing, over_draws
from ipllvm.metrics.performance_drop import performance_drop
from ipllvm.records import Scores
from ipllvm.sampling import generator
from ipllvm.verdicts import series


def scores(*shares: float, n: int = 200, errors: tuple[str, ...] = ()) -> Scores:
    """Right for the first samples of each draw, in clusters of two."""
    ids = tuple(f"s{i}" for i in range(n))
    values = np.stack([(np.arange(n) < round(share * n)).astype(float) for share in shares], 1)
    values[[ids.index(name) for name in errors]] = np.nan
    return Scores("p", ids, tuple(f"c{i // 2}" for i in range(n)), values, dict.fromkeys(errors, "Error"))


def test_a_ratio_is_shown_in_percent_with_its_fieller_set() -> None:
    clean, kept = scores(0.8), scores(0.6)
    found = series.percent("kept", series.pair([(1.0, kept)], [(1.0, clean)]))
    assert found.value == pytest.approx(75.0)
    assert found.low < 75 < found.high and found.unit == "%" and found.clusters == 100


def test_a_ratio_over_nothing_has_no_value() -> None:
    clean, blank = scores(0.5), scores(0.495)
    found = series.percent("pil", series.pair([(1.0, clean)], [(1.0, clean), (-1.0, blank)]))
    assert found.value is None and math.isinf(found.low)
    (point,) = series.percents("pil", "lost", ("row",), {(0.0,): _nothing(clean, blank)}).points
    assert (point.value, point.low, point.high) == (None, None, None)


def _nothing(clean: Scores, blank: Scores) -> series.Pair:
    return series.pair([(1.0, clean)], [(1.0, clean), (-1.0, blank)])


def test_errors_on_either_side_leave_the_sample_out_of_both() -> None:
    clean, kept = scores(0.8, errors=("s1",)), scores(0.6, errors=("s2",))
    above, below = series.pair([(1.0, kept)], [(1.0, clean)])
    assert above.samples == below.samples and len(above.samples) == 198
    assert series.percent("kept", (above, below)).n_error == 2


def test_a_map_is_filled_row_by_row() -> None:
    clean = scores(0.8)
    drops = [performance_drop(clean, scores(share)) for share in (0.8, 0.7, 0.6, 0.5)]
    found = series.grid("lost", "what is lost", 2, drops)
    assert [p.at for p in found.points] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [p.value for p in found.points] == pytest.approx([0, 10, 20, 30])


def test_every_draw_is_kept() -> None:
    found = series.draws("scores", "each draw", "layer", [scores(0.8, 0.6), scores(0.4, 0.2)])
    assert [p.at for p in found.points] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [p.value for p in found.points] == pytest.approx([80, 60, 40, 20])


def test_importance_by_the_best_the_mean_and_the_worst_draw() -> None:
    found = over_draws(scores(0.8), {1.0: scores(0.8, 0.6, 0.4)})
    assert [found[kind][1.0] for kind in ("max", "mean", "min")] == pytest.approx([0.0, 0.25, 0.5])
    assert over_draws(scores(0.0), {1.0: scores(0.0)})["max"] == {1.0: None}


@pytest.mark.parametrize(
    ("leads", "at"), [((0.3, 0.1, -0.2), 3), ((0.3, -0.1, 0.2), 2), ((-0.3, 0.2), None), ((0.2, 0.1), None)]
)
def test_a_lead_is_lost_where_it_first_is_not_positive(leads: tuple[float, ...], at: int | None) -> None:
    base = scores(0.5)
    found = crossing([performance_drop(scores(0.5 + lead), base) for lead in leads], generator(0))
    assert found.at == at
    if at is None:
        assert found.never > 0.9
    else:
        assert found.low is not None and found.high is not None and found.low <= at <= found.high
        assert str(found).startswith(f"{at} [")
