"""The same picture through a compressor, or with noise on its pixels (beyond the paper).

Claims: the picture as a JPEG of quality 20, and the picture with normal noise of a tenth of the range from
black to white on every channel, cost at most 2 points each. Statistic: the mean over samples of the clean
score minus the score on the worse picture, averaged over draws of the noise. The curves over graded strengths
stand beside them. Kind: observations.
"""

from functools import partial
from typing import TYPE_CHECKING

import pytest

from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.perturbations.degradation import Jpeg, PixelNoise
from ipllvm.perturbations.substitution import Blank

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation
    from ipllvm.records import Perturbation

QUALITIES, SIGMAS = (20, 10, 5), (0.1, 0.2, 0.4)


@pytest.mark.observation
@pytest.mark.claims("compression", "pixel_noise")
def test_degradation(evaluation: "Evaluation") -> None:
    """Δ = clean score - score on the worse picture, at most the margin, for each kind of damage."""
    from ipllvm.verdicts import series

    clean, blank, *scores = evaluation.run(Blank(), *map(Jpeg, QUALITIES), *map(PixelNoise, SIGMAS))
    strengths = {
        "compression": (Jpeg, "quality", QUALITIES, 100.0),
        "pixel_noise": (PixelNoise, "sigma", SIGMAS, 0.0),
    }
    for place, (claim, (kind, axis, values, none)) in enumerate(strengths.items()):
        worse = scores[place * len(values) : (place + 1) * len(values)]
        curve = {none: clean, **dict(zip(map(float, values), worse, strict=True))}
        evaluation.check(
            claim,
            performance_drop(clean, worse[0]),
            Shown(
                {"clean": clean, "blank": blank, claim: worse[0]},
                series=[series.curve(claim, f"score by {axis}", axis, dict(sorted(curve.items())))],
                about=partial(_is_of, kind),
            ),
            something_to_lose=gain(clean, blank),
        )


def _is_of(kind: type, perturbation: "Perturbation") -> bool:
    return isinstance(perturbation, kind)
