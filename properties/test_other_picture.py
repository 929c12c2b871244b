"""The answer should come from the question's own picture (beyond the paper; "without seeing", section 3.4).

Claim: the question's own picture is worth at least 2 points more than another one in its place. Statistic:
the mean over samples that have a picture of the score with it minus that with the picture of another cluster,
fixed by the whole benchmark and the sample. Kind: observation. A blank image is unlike all that a model was
trained on; another picture is not, so that what is answered from the question alone, or from what pictures
are usually like, stays right.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.benchmarks.rewording import with_other_pictures
from ipllvm.evaluation.shown import Shown, asked
from ipllvm.metrics.performance_drop import gain
from ipllvm.perturbations.substitution import Blank

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation


@pytest.mark.observation
def test_other_picture(evaluation: "Evaluation") -> None:
    """Gain = score with the own picture - score with another one, at least the margin."""
    data = with_other_pictures(evaluation.benchmark, evaluation.whole)
    ids = {sample.id for sample in data.samples}
    *whole, other = evaluation.run(Blank(), also=[data])
    clean, blank = (each.only(ids) for each in whole)
    evaluation.check(
        "other_picture",
        gain(clean, other),
        Shown(
            {"clean": clean, "blank": blank, "other": other},
            noted={**asked(ids, evaluation.benchmark), "pictures": data.digest[:12]},
        ),
    )
