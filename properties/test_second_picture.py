"""A picture before the question's own should not change the answer (beyond the paper).

Claim: a picture of another question before the own one costs at most 2 points. Statistic: the mean over
samples with a picture of the score with the own one minus that with both, where the question does not say
which is meant. Kind: observation, for models that take several pictures; most were trained with one, and
this tells.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.benchmarks.rewording import with_pictures_before
from ipllvm.evaluation.shown import Shown, asked
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.perturbations.substitution import Blank

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation


@pytest.mark.observation
def test_second_picture(evaluation: "Evaluation") -> None:
    """Δ = score with the own picture - score with another before it, at most the margin."""
    from ipllvm.evaluation import several_pictures

    data = with_pictures_before(evaluation.benchmark, evaluation.whole)
    several_pictures.require_taken(evaluation, data.samples[0])
    ids = {sample.id for sample in data.samples}
    *whole, second = evaluation.run(Blank(), also=[data])
    clean, blank = (each.only(ids) for each in whole)
    evaluation.check(
        "second_picture",
        performance_drop(clean, second),
        Shown(
            {"clean": clean, "blank": blank, "second": second},
            noted={**asked(ids, evaluation.benchmark), "pictures": data.digest[:12]},
        ),
        something_to_lose=gain(clean, blank),
    )
