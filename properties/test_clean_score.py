"""The model uses the image (a premise of every claim of the paper that compares images).

Claim: the clean score exceeds the blank-image score by at least 2 points, the margin of the
invariance claims: a model that gains less has nothing that a perturbation of the image could take.
Statistic: the mean over samples of the clean score minus the score with a blank image. Kind:
requirement.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.performance_drop import gain
from ipllvm.perturbations.substitution import Blank

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation


@pytest.mark.requirement
def test_image_use(evaluation: "Evaluation") -> None:
    """Gain = clean - blank accuracy, at least the margin."""
    from ipllvm.evaluation.subscores import by_label, official

    clean, blank = evaluation.run(Blank())
    shown = Shown(
        {"clean": clean, "blank": blank},
        beside=by_label(evaluation.benchmark, clean, evaluation.settings.seed),
        noted=official(evaluation.benchmark, clean),
    )
    evaluation.check("image_use", gain(clean, blank), shown)
