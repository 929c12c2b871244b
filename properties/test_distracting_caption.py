"""The picture should overrule a caption that is wrong (beyond the paper; text against image, section 3.7).

Claim: a caption in front of the question that names another answer costs at most 2 points. Statistic: the
mean over samples of the score of the question as it is minus that behind the caption, over the questions of
which a wrong answer is known; what there is to lose is that of the same questions. Beside it: how often
the answer is the caption's. Kind: observation.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.benchmarks.rewording import captioned, wrong_answer
from ipllvm.evaluation.shown import Shown, asked
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.metrics.stock_answers import answers_read, follows
from ipllvm.perturbations.substitution import Blank
from ipllvm.scorers.exact_match import said

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation


@pytest.mark.observation
def test_distracting_caption(evaluation: "Evaluation") -> None:
    """Δ = score as it is - score behind a wrong caption, at most the margin."""
    data = captioned(evaluation.benchmark)
    ids = {sample.id for sample in data.samples}
    *whole, distracted = evaluation.run(Blank(), also=[data])
    clean, blank = (each.only(ids) for each in whole)
    evaluation.check(
        "distracting_caption",
        performance_drop(clean, distracted),
        Shown(
            {"clean": clean, "blank": blank, "distracted": distracted},
            beside={
                name: follows(name, answers_read(each), data.samples, wrong_answer, said)
                for name, each in (("says_the_captions", distracted), ("says_it_anyway", clean))
            },
            noted=asked(ids, evaluation.benchmark),
        ),
        something_to_lose=gain(clean, blank),
    )
