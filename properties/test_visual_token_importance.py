"""The centre of the image matters most (paper section 3.7, Fig. 8).

Claim: noise on the visual tokens of the inner 2 x 2 groups costs more than noise on those of the outer
ring. Statistic: the mean over samples of the mean score under noise on a group of the edge minus that
on a group of the centre, averaged over K draws (strengths shared by all samples and groups). The map of
what noise on each group costs stands beside it. Kind: observation; margin 0, an order and no size.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.metrics.importance import more_lost
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.metrics.weighted import drawn
from ipllvm.perturbations.groups import centre, edge
from ipllvm.perturbations.noise import GroupNoise, amplitudes
from ipllvm.perturbations.substitution import Blank

if TYPE_CHECKING:
    from ipllvm.assessment import Evaluation


@pytest.mark.observation
def test_visual_token_importance(evaluation: "Evaluation") -> None:
    """Edge-noise score minus centre-noise score, at least 0."""
    settings, grid = evaluation.settings, evaluation.group_grid()
    strengths = amplitudes(settings.draws, settings.seed)
    noises = [GroupNoise(group, grid, settings.noise, s) for group in range(grid**2) for s in strengths]
    clean, blank, *scores = evaluation.run(Blank(), *noises, draws=1)
    k = len(strengths)
    noisy = [drawn(f"group {g}", scores[g * k : (g + 1) * k]) for g in range(grid**2)]
    inner, outer = [[noisy[group] for group in part] for part in (centre(grid), edge(grid))]
    lost = evaluation.grid(
        "lost",
        "what noise on a group of visual tokens costs (higher = more important)",
        grid,
        [performance_drop(clean, each) for each in noisy],
    )
    evaluation.check(
        "visual_token_importance",
        more_lost("centre_importance", here=inner, there=outer),
        shown={
            "clean": clean,
            "blank": blank,
            "centre": drawn("centre", inner),
            "edge": drawn("edge", outer),
        },
        something_to_lose=gain(clean, blank),
        series=[lost],
    )
