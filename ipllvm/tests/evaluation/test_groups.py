"""The grid of groups is worked out once for a model and a benchmark, and found again without the model."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ipllvm.engine.store.derived import Derived
from ipllvm.evaluation.groups import PAPER, SMALL, group_grid
from ipllvm.tests.evaluation.test_evaluation import Fake, benchmark


class Gridded(Fake):
    """A model whose picture has so many rows of tokens; it counts how often it is asked."""

    def __init__(self, rows: int) -> None:
        self.rows, self.asked = rows, 0

    def prepare(self, images: Any, prompt: str) -> Any:
        """See Fake."""
        self.asked += 1
        return self

    def layout(self, prepared: Any) -> Any:
        """One view of one column."""
        return SimpleNamespace(row=torch.arange(self.rows), view=torch.zeros(self.rows))


@pytest.mark.parametrize(("rows", "grid"), [(11, SMALL), (12, PAPER)])
def test_it_is_kept_by_model_and_benchmark(tmp_path: Path, rows: int, grid: int) -> None:
    first, later, data = Gridded(rows), Gridded(rows), benchmark(2)
    evaluation: Any = SimpleNamespace(model=first, planned_benchmark=data, derived=Derived(tmp_path))
    assert [group_grid(evaluation) for _ in range(3)] == [grid] * 3 and first.asked == 1
    again: Any = SimpleNamespace(model=later, planned_benchmark=data, derived=Derived(tmp_path))
    assert group_grid(again) == grid and later.asked == 0
    again.planned_benchmark = replace(data, digest="e" * 64)
    assert group_grid(again) == grid and later.asked == 1
