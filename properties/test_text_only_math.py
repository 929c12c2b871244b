"""LLVMs that do better at visual maths do better at text-only maths (paper section 3.4, Fig. 4).

Claim: given worked examples and no image, the language side solves at least 2 % of word problems, the
least that the other claims call a difference. Statistic: the share of problems whose answer, "The answer
is N", is right; on `gsm8k` after eight worked examples, on `word_problems`, which models of small context
can read, after two. Beside it stands the visual side, the accuracy on as many questions of `charts`, the same
for the same problems. Kind: observation. The paper's own claim is about the order of four models, of which it
prints no figures; four can settle one only where all agree (p = 1/24). With several models the rank
correlation of both sides is a statement of the run, UNDECIDED below six.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.performance_drop import score

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation


@pytest.mark.observation
@pytest.mark.benchmarks("word_problems", also=("gsm8k",), own="words")
def test_text_only_math(evaluation: "Evaluation") -> None:
    """The share of word problems solved, at least the margin."""
    from ipllvm.benchmarks import charts
    from ipllvm.benchmarks.partners import beside

    data, whole, seed = evaluation.benchmark, evaluation.whole, evaluation.settings.seed
    clean, visual = evaluation.run(also=[beside(data, whole, charts.short(), seed)])
    evaluation.check("text_only_math", score(clean), Shown({"clean": clean, "visual": visual}))
