"""Bad inputs through the real command line: one line, the right status, nothing of the user's harmed."""

from pathlib import Path

import pytest

from ipllvm.tests.hostile import baselines, options
from ipllvm.tests.hostile.row import Row, faults, run

TABLES = (options, baselines)
ROWS = [row for table in TABLES for row in table.ROWS]
LEAST, LEAST_FAST = 300, 40


@pytest.mark.process
@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.name, marks=() if row.fast else pytest.mark.slow) for row in ROWS]
)
def test_a_bad_input_ends_in_one_line(row: Row, tmp_path: Path) -> None:
    ended = run(row, tmp_path)
    assert faults(row, ended) == [], ended.output
