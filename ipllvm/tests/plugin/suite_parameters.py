"""A property with parameters of its own; copied into a folder of its own by the tests."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation


@pytest.mark.observation
@pytest.mark.parameters("noise_kind", strength=("mild", "strong"))
def test_read(evaluation: "Evaluation") -> None:
    print("strength", evaluation.parameter("strength"), evaluation.parameter("noise_kind"))
    row = evaluation.settings.row(evaluation.benchmark, 1, ())
    print({name: row.get(name) for name in ("strength", "noise_kind", "permutation_scope")})


@pytest.mark.observation
def test_undeclared(evaluation: "Evaluation") -> None:
    with pytest.raises(LookupError, match="declares no strength"):
        evaluation.parameter("strength")
