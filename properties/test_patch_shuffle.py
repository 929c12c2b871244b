"""LLVMs are sensitive to the spatial structure of the image (paper section 3.3, Fig. 2).

Claim: cutting the image into 14 x 14 cells and shuffling them, before the vision encoder sees it,
costs at least 2 points: more than shuffled visual tokens may cost. Statistic: the mean over samples
of the clean score minus the score averaged over draws, with a fresh order per (seed, sample, draw);
grids 2, 4 and 8, the rest of the paper's curve, stand beside it. Kind: observation, left open for a
model that has nothing to lose.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.perturbations.shuffle import PatchShuffle
from ipllvm.perturbations.substitution import Blank

if TYPE_CHECKING:
    from ipllvm.assessment import Evaluation

GRIDS = (14, 8, 4, 2)
"""The paper's, the one that decides first."""


@pytest.mark.observation
def test_patch_shuffle(evaluation: "Evaluation") -> None:
    """Δ = clean - shuffled accuracy at 14 x 14, at least the margin."""
    clean, blank, *shuffled = evaluation.run(Blank(), *(PatchShuffle(grid) for grid in GRIDS))
    named = {f"shuffled_{grid}": scores for grid, scores in zip(GRIDS, shuffled, strict=True)}
    evaluation.check(
        "patch_shuffle",
        performance_drop(clean, shuffled[0]),
        shown={"clean": clean, "blank": blank, **named},
        something_to_lose=gain(clean, blank),
    )
