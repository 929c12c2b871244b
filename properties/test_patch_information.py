"""A visual token carries the picture of its own place, the centre more (paper section 3.3, Fig. 1).

Claim: with the tokens of one group alone, the inner 2 x 2 groups are worth more than the outer ring.
Statistic: the mean over samples of the mean score over the centre's groups minus that over the
edge's, where a score is measured with all other tokens dropped. The patch information loss of group g,
100 (f0 - f_g) / f0, and its map stand beside it: a low loss says that the group alone carries much.
Kind: observation; margin 0, as the paper gives an order and no size.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.metrics.importance import more_lost
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.metrics.weighted import drawn
from ipllvm.perturbations.groups import centre, edge
from ipllvm.perturbations.selection import Keep
from ipllvm.perturbations.substitution import Blank

if TYPE_CHECKING:
    from ipllvm.assessment import Evaluation


@pytest.mark.observation
def test_patch_information(evaluation: "Evaluation") -> None:
    """Centre alone minus edge alone, at least the margin."""
    grid = evaluation.group_grid()
    clean, blank, *kept = evaluation.run(Blank(), *(Keep((group,), grid) for group in range(grid**2)))
    inner, outer = [[kept[group] for group in part] for part in (centre(grid), edge(grid))]
    lost = evaluation.grid(
        "loss",
        "what is lost where one group of tokens is kept alone (higher = more lost)",
        grid,
        [performance_drop(clean, each) for each in kept],
    )
    evaluation.check(
        "patch_information",
        more_lost("centre_information", here=outer, there=inner),
        shown={
            "clean": clean,
            "blank": blank,
            "centre": drawn("centre", inner),
            "edge": drawn("edge", outer),
        },
        something_to_lose=gain(clean, blank),
        series=[lost],
    )
