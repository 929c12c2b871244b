"""The same picture mirrored, or turned (beyond the paper).

Claim: the picture mirrored left to right costs at most 2 points where neither the question nor its answer
names a side ("left", "where", "facing", "the second"). Statistic: the mean over those samples of the clean
score minus the score on the mirrored picture. The picture turned by a half and by quarters stands beside it,
over the same questions. Kind: observation; pictures with writing in them can't be read in a mirror, which is
a finding and no fault.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.benchmarks.rewording import names_a_side
from ipllvm.errors import NotTested
from ipllvm.evaluation.shown import Shown, asked
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.perturbations.framing import TURNS, Oriented
from ipllvm.perturbations.substitution import Blank

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation


@pytest.mark.observation
def test_orientation(evaluation: "Evaluation") -> None:
    """Δ = clean score - score on the mirrored picture, at most the margin."""
    ways = TURNS[1:]
    free = {s.id for s in evaluation.benchmark.samples if not names_a_side(s)}
    if not free:
        raise NotTested(f"every question of {evaluation.benchmark.name} names a side")
    whole = evaluation.run(Blank(), *map(Oriented, ways))
    clean, blank, *scores = (each.only(free) for each in whole)
    evaluation.check(
        "orientation",
        performance_drop(clean, scores[0]),
        Shown(
            {"clean": clean, "blank": blank, **dict(zip(ways, scores, strict=True))},
            noted=asked(free, evaluation.benchmark),
        ),
        something_to_lose=gain(clean, blank),
    )
