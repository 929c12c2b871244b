"""Which contrast of importance decides: as its claim asks for draws."""

from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ipllvm import claims
from ipllvm.evaluation import importance
from ipllvm.metrics.importance import more_lost, quarter_share
from ipllvm.records import Claim, Contrast, Scores
from ipllvm.verdicts.decide import estimate

CLAIM = claims.load()["layer_importance"]
IDS = tuple(f"s{i}" for i in range(200))


def scores(*rates: float) -> Scores:
    """Right with these chances in its draws."""
    table = np.random.default_rng(int(100 * sum(rates))).random((200, len(rates))) < rates
    return Scores("p", IDS, IDS, table.astype(float))


def evaluation(claim: Claim) -> Any:
    return SimpleNamespace(claims={claim.name: claim}, settings=SimpleNamespace(seed=0))


def decided(claim: Claim) -> Contrast:
    """Noise costs most at the first of four layers; its second strength costs nothing anywhere."""
    clean, noisy = scores(1.0), [scores(0.2, 1.0), *[scores(0.9, 1.0)] * 3]
    make = partial(quarter_share, clean, share=0.5)
    return importance.decisive(evaluation(claim), claim.name, make, noisy)


def test_the_mean_over_draws_counts_unless_another_is_asked_for() -> None:
    found = decided(CLAIM)
    assert not found.together and found.values.mean() == pytest.approx(0.5 * (0.8 - 0.3) / 2, abs=0.03)
    assert "draws" not in estimate(found, replicates=0).method


def test_the_best_draw_is_the_one_that_costs_nothing() -> None:
    found = decided(replace(CLAIM, agg="max"))
    assert found.fitted and found.together and not found.values.any()
    assert estimate(found, replicates=0).method == "exact bound, nothing changed, cross-fitted max over draws"
    assert found.over is not None and not found.over.values.any()


def test_strengths_that_stand_for_others_make_it_less_certain() -> None:
    found, fixed = decided(replace(CLAIM, draws="random")), decided(CLAIM)
    assert found.values == pytest.approx(fixed.values)
    wide, narrow = (estimate(each, replicates=0) for each in (found, fixed))
    assert wide.method == "t over clusters and draws" and narrow.low > 0 > wide.low


def test_two_groups_of_places_have_one_split() -> None:
    clean, claim = scores(1.0, 0.5), replace(CLAIM, agg="max")
    found = importance.decisive(evaluation(claim), claim.name, partial(more_lost, "x"), [clean], [clean])
    assert not found.values.any()


def right(n: int, count: int) -> Scores:
    """So many of `n` samples right, the first ones."""
    ids = tuple(f"s{i}" for i in range(n))
    return Scores("p", ids, ids, (np.arange(n) < count).astype(float)[:, None])


def crossed(n: int, count: int) -> Scores:
    """So many right, the last ones, so that many samples differ."""
    found = right(n, count)
    return replace(found, values=found.values[::-1])


@pytest.mark.parametrize(
    ("n", "blank", "left", "saturated", "unclear"),
    [
        (20, 8, [11] * 6, False, True),
        (20, 8, [8] * 6, True, True),
        (20, 8, [8] * 3 + [19] * 3, False, False),
        (300, 120, [121, 125, 122, 130, 290, 290], True, True),
        (300, 120, [200] * 6, False, False),
        (300, 120, [110] * 4 + [200] * 2, True, True),
        (40, 16, [22, 23, 21, 24], False, True),
    ],
)
def test_a_map_is_saturated_where_noise_leaves_what_a_blank_image_does(
    n: int, blank: int, left: list[int], saturated: bool, unclear: bool
) -> None:
    without, noisy = right(n, blank), [crossed(n, each) for each in left]
    said = importance.saturated(without, noisy)
    assert said.startswith("saturated") is saturated and bool(said) is saturated
    assert ("not shown to leave more" in importance.unclear(without, noisy)) is unclear


def test_where_nothing_was_measured_nothing_is_saturated() -> None:
    assert importance.saturated(right(0, 0), [right(0, 0)] * 2) == ""
