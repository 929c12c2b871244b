"""LLVMs answer from synthetic images (paper section 3.4, Table 2).

Claim: when every image is drawn anew from its caption, at most 2 points are lost. Statistic: the mean
over samples of the clean score minus the score on the synthetic image, one image a picture. Kind:
observation; the paper calls a loss of 1.8 points small and prints losses of 4 to 25 beside it. Beside it:
CLIP-I, the cosine of both images in the encoder's joint space; and how often the model falls back on "1"
where a number is asked for, and on "no", among all and among right answers, on both kinds of images.
The embedded generator draws what captions of the made benchmarks say, and nothing else: where it had
nothing to draw for more than one picture in twenty, nothing is decided.
"""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.performance_drop import gain, performance_drop, score
from ipllvm.metrics.stock_answers import answers_read, stock_answers
from ipllvm.perturbations.substitution import Blank
from ipllvm.perturbations.synthetic import Synthetic

if TYPE_CHECKING:
    from ipllvm.artifacts.synthetic import Synthesis
    from ipllvm.evaluation.evaluation import Evaluation
    from ipllvm.models.encoders import Encoder
    from ipllvm.records import Scores

UNDRAWN = 0.05


@pytest.mark.observation
def test_synthetic_images(
    synthesis: "Synthesis", known_encoder: "Encoder | None", evaluation: "Evaluation"
) -> None:
    """Δ = clean - synthetic accuracy, at most the margin."""
    from ipllvm.artifacts.renderer import is_empty
    from ipllvm.evaluation.companion_models import likeness
    from ipllvm.verdicts.series import mean_score

    evaluation.provide("synthetic", synthesis)
    drawn = Synthetic(synthesis.identity)
    clean, blank, synthetic = evaluation.run(Blank(), drawn)
    data = evaluation.benchmark
    pictures = {s.id: evaluation.artifact("synthetic", s) for s in data.samples}
    said, said_before = answers_read(synthetic), answers_read(clean)
    now = stock_answers(said, data.samples, _right(synthetic))
    before = stock_answers(said_before, data.samples, _right(clean), "_original")
    empty = float(np.mean([is_empty(picture) for picture in pictures.values()]))
    cosines = {} if known_encoder is None else {"clip_i": likeness(evaluation, known_encoder, pictures)}
    evaluation.check(
        "synthetic_images",
        performance_drop(clean, synthetic),
        Shown(
            {"clean": clean, "blank": blank, "synthetic": synthetic},
            beside={
                **{name: score(each) for name, each in cosines.items()},
                **{name: mean_score(name, each) for name, each in (*now.items(), *before.items())},
            },
            noted={
                "synthetic": synthesis.identity,
                "clip_i": known_encoder.identity if known_encoder else "none",
            },
        ),
        something_to_lose=gain(clean, blank),
        obstacle=""
        if empty <= UNDRAWN
        else f"{empty:.0%} of the captions could not be drawn; "
        "another generator may: --generator sdxl-lightning",
    )


def _right(scores: "Scores") -> frozenset[str]:
    """The samples that are answered rightly."""
    rows = zip(scores.samples, scores.values, strict=True)
    return frozenset(sample for sample, row in rows if row[0] == 1)
