"""LLVMs are sensitive to the spatial structure of the image (paper section 3.3, Fig. 2).

Claim: cutting the image into 14 x 14 cells and shuffling them, before the vision encoder sees it,
costs at least 2 points: more than shuffled visual tokens may cost. Statistic: the mean over samples
of the clean score minus the score averaged over draws, with a fresh order per (seed, sample, draw).
The curve over the paper's grids and the model's own grid of patches stands beside it, and the mean over
these grids of what is kept of the clean score. Kind: observation, left open for a model that has nothing
to lose. That text-rich images lose more than plain ones is a statement of the whole run.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.metrics.weighted import mean_terms
from ipllvm.perturbations.shuffle import PatchShuffle
from ipllvm.perturbations.substitution import Blank

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation

GRIDS = (14, 8, 4, 2)
"""The paper's, the one that decides first."""


@pytest.mark.observation
def test_patch_shuffle(evaluation: "Evaluation") -> None:
    """Δ = clean - shuffled accuracy at 14 x 14, at least the margin."""
    from ipllvm.verdicts import series

    own = evaluation.model.patch_grid()
    grids = dict.fromkeys((*GRIDS, *([] if own is None else [own])))
    clean, blank, *shuffled = evaluation.run(Blank(), *(PatchShuffle(grid) for grid in grids))
    named = {f"shuffled_{grid}": scores for grid, scores in zip(grids, shuffled, strict=True)}
    at = {0.0: clean, **{float(grid): named[f"shuffled_{grid}"] for grid in sorted(grids)}}
    quantity = "score with the image's cells shuffled on that grid, 0 is the image itself"
    evaluation.check(
        "patch_shuffle",
        performance_drop(clean, shuffled[0]),
        Shown(
            {"clean": clean, "blank": blank, **named},
            beside={"kept": series.percent("kept", series.pair(mean_terms(1.0, shuffled), [(1.0, clean)]))},
            series=[series.curve("shuffled", quantity, "grid", at)],
            noted={"patch_grid": "none" if own is None else f"{own} x {own}"},
        ),
        something_to_lose=gain(clean, blank),
    )
