"""Contract tests for extensions: what ipllvm's own benchmarks, perturbations, scorers and judges keep to.

Each function raises AssertionError with the reason where a contract is broken:

    from ipllvm.testing import check_benchmark, check_perturbation, check_scorer

    def test_mine():
        check_benchmark("mine")
"""

from ipllvm.testing.benchmarks import check_benchmark as check_benchmark
from ipllvm.testing.perturbations import check_perturbation as check_perturbation
from ipllvm.testing.scorers import check_judge as check_judge
from ipllvm.testing.scorers import check_scorer as check_scorer
