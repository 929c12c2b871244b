"""The centre of the image matters most (paper section 3.7, Fig. 8).

Claim: noise on the visual tokens of the inner 2 x 2 groups costs more than noise on those of the outer
ring. Statistic: the mean over samples of the mean score under noise on a group of the edge minus that
on a group of the centre, averaged over K draws (strengths shared by all samples and groups). The map of
what noise on each group costs stands beside it, with the paper's importance of each group in reading
order and all K scores. Kind: observation; margin 0, an order and no size.
"""

from functools import partial
from typing import TYPE_CHECKING

import pytest

from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.importance import more_lost
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.metrics.weighted import drawn
from ipllvm.perturbations.groups import centre, edge
from ipllvm.perturbations.noise import GroupNoise

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation
    from ipllvm.records import Series


NAME = "visual_token_importance"


@pytest.mark.observation
@pytest.mark.parameters("noise_kind")
def test_visual_token_importance(evaluation: "Evaluation") -> None:
    """Edge-noise score minus centre-noise score, at least 0."""
    from ipllvm.evaluation import importance
    from ipllvm.evaluation.groups import group_grid
    from ipllvm.verdicts import series

    kind, grid = evaluation.parameter("noise_kind"), group_grid(evaluation)
    places = {f"group {group + 1}": partial(GroupNoise, group, grid, kind) for group in range(grid**2)}
    clean, blank, noisy = importance.under_noise(evaluation, places)
    inner, outer = [[noisy[group] for group in part] for part in (centre(grid), edge(grid))]

    def maps() -> "list[Series]":
        lost = [performance_drop(clean, each) for each in noisy]
        own = series.grid("lost", importance.COSTS, grid, lost)
        return [own, *importance.recorded(clean, noisy, "group")]

    evaluation.check(
        NAME,
        importance.decisive(evaluation, NAME, partial(more_lost, "centre_importance"), inner, outer),
        Shown(
            {
                "clean": clean,
                "blank": blank,
                "centre": drawn("centre", inner),
                "edge": drawn("edge", outer),
            },
            series=maps,
            noted={"groups": f"{grid} x {grid}"},
        ),
        something_to_lose=gain(clean, blank),
    )
