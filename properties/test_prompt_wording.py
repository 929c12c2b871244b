"""The answer should not hang on how the question is worded (beyond the paper; its section 4 asks for it).

Claim: asking without the instruction on the answer's form ("Answer the question using a single word or
phrase.") costs at most 2 points. Statistic: the mean over samples of the score of the question as the
benchmark asks it minus that of the bare question. Beside it stand the instruction before the question, the
instruction in other words, and options in brackets. Kind: observation. A model that only answers rightly
where it is told the form is measured by that form everywhere else.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.benchmarks.rewording import WORDINGS, asked_as
from ipllvm.errors import NotTested
from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.perturbations.substitution import Blank

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation


@pytest.mark.observation
def test_prompt_wording(evaluation: "Evaluation") -> None:
    """Δ = score as asked - score of the bare question, at most the margin."""
    data = evaluation.benchmark
    worded = {name: asked_as(data, name) for name in WORDINGS}
    if worded["bare"] is None:
        raise NotTested(f"{data.name} asks without an instruction on the answer's form")
    others = {name: each for name, each in worded.items() if each is not None}
    clean, blank, *found = evaluation.run(Blank(), also=[*others.values()])
    scores = dict(zip(others, found, strict=True))
    evaluation.check(
        "prompt_wording",
        performance_drop(clean, scores["bare"]),
        Shown({"clean": clean, "blank": blank, **scores}),
        something_to_lose=gain(clean, blank),
    )
