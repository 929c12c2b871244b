"""A longer run after a first one: it pays for looks at the same measurement, and for no others."""

from pathlib import Path

import pytest

from ipllvm.calibration.fixed import claim
from ipllvm.records import Decision, Verdict
from ipllvm.tests.plugin.gates import report
from ipllvm.tests.plugin.sessions import properties, session
from ipllvm.verdicts.top_up import FILE, Look, over_all

pytestmark = pytest.mark.process
RUN = ("-k", "image_use", "--model=planted:lossy,r=0.3", "--benchmark=planted", "--report-only")


def reason(folder: Path, *options: str) -> str:
    """Why the claim stands as it does, in a run with these options."""
    (row,) = report(session(folder, *properties(*RUN, *options)))["results"]
    return str(row["verdict"]["reason"])


@pytest.mark.slow
def test_a_look_at_another_measurement_is_none_at_this(tmp_path: Path) -> None:
    for other in ("--draws=3", "--answer=likelihood", "--seed=7"):
        reason(tmp_path, "--samples=20", "--draws=2", other)
    assert "look 1 of 60 planned samples" in reason(tmp_path, "--samples=40", "--draws=2", "--top-up=60")
    assert "look 2 of 60 planned samples" in reason(tmp_path, "--samples=50", "--draws=2", "--top-up=60")
    assert len((tmp_path / "reports" / FILE).read_text().splitlines()) == 5


def test_where_looks_say_both_it_is_violated_in_a_row_and_in_a_run() -> None:
    earlier, now = Look("k", 60, 1.0, 1e-6, 200), Look("k", 100, 1e-6, 1.0, 200)
    found = over_all(Verdict(Decision.HOLDS, "inside", 1e-6, 1.0), claim(), now, [earlier])
    assert found.decision is Decision.VIOLATED and found.p_violated <= 0.05
