"""Multiple-choice answers follow the position of the options (selection bias, paper section 3.5).

Claim: asking for the right option in every cyclic order of the options costs at least 2 points.
Statistic: the mean over questions of the score in the benchmark's own order minus the score that
counts a question only where it is right in every order. Beside it stand the accuracy in the other
orders, how often the answer keeps its option and how often its letter, and the shares of the letters,
which are equal for a model that goes by the options. A question one of whose options speaks of others
("both A and B", "none of the above") means something else in another order and is left out. Kind:
observation; the paper only suspects the bias, after Zheng et al. (2023), and prints no figure.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.benchmarks.option_order import cyclic, is_movable, reordered
from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.option_order import compare
from ipllvm.metrics.performance_drop import performance_drop
from ipllvm.scorers.multiple_choice import extract

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation


@pytest.mark.observation
@pytest.mark.benchmarks("scenes-mc", "charts-mc", "easyvqa-mc", also=("mmvp", "planted"), own="choices")
def test_option_order(evaluation: "Evaluation") -> None:
    """Δ = clean accuracy - share of questions right in every order, at least the margin."""
    data = evaluation.benchmark
    answers = {**evaluation.answers(data), **evaluation.answers(reordered(data))}
    movable = [cyclic(sample) for sample in data.samples if is_movable(sample)]
    shown = compare(movable, answers, extract)
    drop = performance_drop(shown["clean"], shown["every_order"])
    evaluation.check("option_order", drop, Shown(shown))
