"""A visual token carries the picture of its own place, the centre more (paper section 3.3, Fig. 1).

Claim: with the tokens of one group alone, the inner 2 x 2 groups are worth more than the outer ring.
Statistic: the mean over samples of the mean score over the centre's groups minus that over the
edge's, where a score is measured with all other tokens dropped, or with --patch-information=pool with the
group's tokens pooled into one. Beside it stand the maps of what is lost, of the patch information loss
100 (f0 - f_g) / f0, and of its form corrected for what a blank image leaves, 100 (f0 - f_g) / (f0 - f_c):
a low loss says that the group alone carries much. Kind: observation; margin 0, an order and no size.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.importance import more_lost
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.metrics.weighted import drawn
from ipllvm.perturbations.groups import centre, edge
from ipllvm.perturbations.selection import Keep
from ipllvm.perturbations.substitution import Blank

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipllvm.evaluation.evaluation import Evaluation
    from ipllvm.records import Series

LOST = "where one group of tokens is kept alone (higher = more lost)"
WORDS = {"pil": "share of the clean score", "pil_corrected": "share of the gain over a blank image"}


@pytest.mark.observation
@pytest.mark.parameters("patch_information")
def test_patch_information(evaluation: "Evaluation") -> None:
    """Centre alone minus edge alone, at least the margin."""
    from ipllvm.evaluation.groups import group_grid
    from ipllvm.verdicts import series

    grid, how = group_grid(evaluation), evaluation.parameter("patch_information")
    clean, blank, *kept = evaluation.run(Blank(), *(Keep((group,), grid, how) for group in range(grid**2)))
    inner, outer = [[kept[group] for group in part] for part in (centre(grid), edge(grid))]

    def maps() -> "Iterator[Series]":
        lost = [performance_drop(clean, each) for each in kept]
        yield series.grid("loss", f"lost {LOST}", grid, lost)
        bases = {"pil": [(1.0, clean)], "pil_corrected": [(1.0, clean), (-1.0, blank)]}
        for name, base in bases.items():
            pairs = [series.pair([(1.0, clean), (-1.0, each)], base) for each in kept]
            yield series.percent_grid(name, f"{WORDS[name]} lost {LOST}", grid, pairs)

    evaluation.check(
        "patch_information",
        more_lost("centre_information", here=outer, there=inner),
        Shown(
            {
                "clean": clean,
                "blank": blank,
                "centre": drawn("centre", inner),
                "edge": drawn("edge", outer),
            },
            series=lambda: [*maps()],
            noted={"groups": f"{grid} x {grid}"},
        ),
        something_to_lose=gain(clean, blank),
    )
