"""What is not there should not be seen (beyond the paper; object hallucination, Li et al. 2023).

Claim: at most 5 % of the questions about something that is not there are answered "yes". Statistic: the
share of "yes" among the yes-no questions whose answer is "no". Beside it: the share of "no" among those
whose answer is "yes", and the same things asked with "no" in the question ("Is there no red circle?"), where
"no" says that it is there: a model that likes one word does badly in one of the framings. Kind: observation.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.benchmarks.rewording import negated
from ipllvm.errors import NotTested
from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.stock_answers import answers_read, polar, share

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation


@pytest.mark.observation
def test_hallucination(evaluation: "Evaluation") -> None:
    """The share of "yes" where the answer is "no", at most the margin."""
    samples = evaluation.benchmark.samples
    absent, present = (polar(samples, word) for word in ("no", "yes"))
    if not absent:
        raise NotTested(f"{evaluation.benchmark.name} asks nothing whose answer is no")
    (clean,) = evaluation.run()
    read = answers_read(clean)
    beside = {"missed": share(read, samples, "no", among=present)}
    scores, other = {"clean": clean}, negated(evaluation.benchmark)
    if other is not None:
        scores["negated"] = evaluation.elsewhere(other)
        asked = {sample.id for sample in other.samples}
        in_other_words = answers_read(scores["negated"])
        beside["hallucinated_negated"] = share(in_other_words, samples, "no", among=absent & asked)
    evaluation.check("hallucination", share(read, samples, "yes", among=absent), Shown(scores, beside=beside))
