"""The same picture in fewer pixels, or on a wider canvas (beyond the paper).

Claim: the picture at half its width and height costs at most 2 points. Statistic: the mean over samples of
the clean score minus the score on the smaller picture, before the processor sees it. The curve over sizes
and the picture in the middle of canvases twice as wide, and twice as high, stand beside it. Kind:
observation.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.perturbations.framing import Letterboxed, Resized
from ipllvm.perturbations.substitution import Blank

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation

SCALES = (0.5, 0.25, 0.125)
ASPECTS = {"on_a_wide_canvas": 2.0, "on_a_high_canvas": 0.5}


@pytest.mark.observation
def test_resolution(evaluation: "Evaluation") -> None:
    """Δ = clean score - score at half the size, at most the margin."""
    from ipllvm.verdicts import series

    changes = (*map(Resized, SCALES), *map(Letterboxed, ASPECTS.values()))
    clean, blank, *scores = evaluation.run(Blank(), *changes)
    smaller, framed = scores[: len(SCALES)], dict(zip(ASPECTS, scores[len(SCALES) :], strict=True))
    curve = {1.0: clean, **dict(zip(SCALES, smaller, strict=True))}
    evaluation.check(
        "resolution",
        performance_drop(clean, smaller[0]),
        Shown(
            {"clean": clean, "blank": blank, "half": smaller[0], **framed},
            series=[series.curve("smaller", "score of the smaller picture", "scale", curve)],
        ),
        something_to_lose=gain(clean, blank),
    )
