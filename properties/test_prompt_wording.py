"""The answer should not hang on how the question is worded (beyond the paper; its section 4 asks for it).

Claim: asking without the instruction on the answer's form ("Answer the question using a single word or
phrase.") costs at most 2 points. Statistic: the mean over the questions that end in an instruction of the
score as the benchmark asks them minus that of the bare question; what there is to lose is that of the same
questions. Beside it stand the instruction before the question, the instruction in other words, and options
in brackets. Kind: observation. A model that only answers rightly where it is told the form is measured by
that form everywhere else.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.benchmarks.rewording import WORDINGS, asked_as
from ipllvm.errors import NotTested
from ipllvm.evaluation.shown import Shown, asked
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.perturbations.substitution import Blank

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation


@pytest.mark.observation
def test_prompt_wording(evaluation: "Evaluation") -> None:
    """Δ = score as asked - score of the bare question, at most the margin."""
    data = evaluation.benchmark
    bare = asked_as(data, "bare")
    if bare is None:
        raise NotTested(f"{data.name} asks without an instruction on the answer's form")
    ids = {sample.id for sample in bare.samples}
    instructed = data.part(sample for sample in data.samples if sample.id in ids)
    others = {name: each for name in WORDINGS if (each := asked_as(instructed, name)) is not None}
    whole = evaluation.run(Blank(), also=[*others.values()])
    clean, blank, *found = (each.only(ids) for each in whole)
    scores = dict(zip(others, found, strict=True))
    evaluation.check(
        "prompt_wording",
        performance_drop(clean, scores["bare"]),
        Shown({"clean": clean, "blank": blank, **scores}, noted=asked(ids, data)),
        something_to_lose=gain(clean, blank),
    )
