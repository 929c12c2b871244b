"""A mirrored picture costs at most 5 points: a property of our own."""

import pytest
from our_checks import Mirror  # type: ignore[import-not-found]

from ipllvm.evaluation.evaluation import Evaluation
from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.performance_drop import performance_drop
from ipllvm.testing import check_benchmark, check_perturbation


@pytest.mark.observation
@pytest.mark.benchmarks("our-cards")
@pytest.mark.parameters(words=("plain", "loud"))
def test_our_mirror(evaluation: Evaluation) -> None:
    """Clean score minus the mirrored one."""
    clean, mirrored = evaluation.run(Mirror())
    evaluation.check(
        "our_mirror",
        performance_drop(clean, mirrored),
        Shown({"clean": clean, "mirrored": mirrored}, noted={"said": evaluation.parameter("words")}),
    )


def test_our_extensions_keep_the_contracts() -> None:
    check_benchmark("our-cards")
    check_perturbation(Mirror())
