"""Visual tokens are permutation invariant (paper section 3.3, Table 1).

Claim: shuffling the visual tokens before the language model reads them costs at most 2 points,
the range of the paper for LLaVA-1.5 and LLaVA-NeXT. Statistic: the mean over samples of the clean
score minus the score averaged over draws; a fresh permutation per (seed, sample, draw). Kind:
requirement, decided only for a model that has something to lose: its clean score must exceed its
blank-image score by more than the margin. The mean over benchmarks is a statement of the run.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Blank

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation


@pytest.mark.requirement
@pytest.mark.claims("permutation")
@pytest.mark.parameters("permutation_scope")
def test_permutation_invariance(evaluation: "Evaluation") -> None:
    """Δ = clean - permuted accuracy, at most the margin."""
    clean, blank, permuted = evaluation.run(Blank(), Permutation(evaluation.parameter("permutation_scope")))
    evaluation.check(
        "permutation",
        performance_drop(clean, permuted),
        Shown({"clean": clean, "blank": blank, "permuted": permuted}),
        something_to_lose=gain(clean, blank),
    )
