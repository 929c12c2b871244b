"""Bad inputs through the real command line: one line, the right status, nothing of the user's harmed."""

from pathlib import Path

import pytest

from ipllvm.tests.hostile import (
    baselines,
    checkpoints,
    inputs,
    options,
    own_data,
    processors,
    reports,
    stores,
    trained,
)
from ipllvm.tests.hostile.row import Row, faults, run

KINDS = (options, baselines, reports, stores, inputs, own_data, checkpoints, processors, trained)
ROWS = [row for kind in KINDS for row in kind.ROWS]
LEAST, LEAST_FAST = 300, 40


def test_there_are_enough_of_them_and_each_has_a_name() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS) >= LEAST
    assert sum(row.fast for row in ROWS) >= LEAST_FAST


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.name, marks=() if row.fast else pytest.mark.slow) for row in ROWS]
)
def test_a_bad_input_ends_in_one_line(row: Row, tmp_path: Path) -> None:
    ended = run(row, tmp_path)
    assert faults(row, ended) == [], ended.output


def test_a_benchmark_that_is_not_here_is_told_before_weights_are_read(tmp_path: Path) -> None:
    ended = run(Row("missing", inputs.MATHS, 7, "gsm8k"), tmp_path)
    assert "benchmark 'gsm8k' is neither on this machine" in ended.output
    assert "loading" not in ended.output
