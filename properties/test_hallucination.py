"""What is not there should not be seen (beyond the paper; object hallucination, Li et al. 2023).

Claim: at most 5 % of the questions about something that is not there are answered "yes". Statistic: the
share of "yes" among the questions that ask whether something is there, without a "not", and whose answer is
"no". Answers that are neither yes nor no are counted as samples without a value, which may be either. Beside
it: the share of "no" among those whose answer is "yes", and the same things asked with "no" in the question
("Is there no red circle?"), where "no" says that it is there: a model that likes one word does badly in one
of the framings. Kind: observation.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.benchmarks.existence import asks_existence
from ipllvm.benchmarks.rewording import negated
from ipllvm.errors import NotTested
from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.stock_answers import read_share
from ipllvm.scorers.yes_no import extract

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation


@pytest.mark.observation
def test_hallucination(evaluation: "Evaluation") -> None:
    """The share of "yes" where what is asked for is not there, at most the margin."""
    samples = evaluation.benchmark.samples
    right = {s.id: extract(s.answer) for s in samples if asks_existence(s.prompt)}
    absent, present = (frozenset(id for id in right if right[id] == word) for word in ("no", "yes"))
    if not absent:
        raise NotTested(f"{evaluation.benchmark.name} asks for nothing that is not there")
    other = negated(evaluation.benchmark)
    clean, *found = evaluation.run(also=[] if other is None else [other])
    hallucinated = read_share(clean, samples, "yes", extract, among=absent)
    beside = {"missed": read_share(clean, samples, "no", extract, among=present)}
    scores = {"clean": clean}
    if found:
        (scores["negated"],) = found
        beside["hallucinated_negated"] = read_share(scores["negated"], samples, "no", extract, among=absent)
    evaluation.check("hallucination", hallucinated, Shown(scores, beside=beside))
