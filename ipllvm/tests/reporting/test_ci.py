"""What a run leaves in a CI job: its summary, annotations of what fails it, nothing without a job."""

from pathlib import Path

import pytest

from ipllvm.records import Decision
from ipllvm.reporting import ci, markdown
from ipllvm.tests.reporting import reports


def test_a_run_writes_the_summary_and_annotates_what_fails_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = reports.report(
        reports.result(),
        reports.result(Decision.VIOLATED, "it lost 9 points", p=1e-6),
        failed=(reports.broken(),),
    )
    page = tmp_path / "summary.md"
    page.write_text("before\n")
    ci.publish_run(bad, {"GITHUB_STEP_SUMMARY": str(page), "GITHUB_ACTIONS": "true"})
    assert page.read_text() == "before\n" + markdown.render(bad)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(
        "::error title=ipllvm::VIOLATED permutation_invariance on easyvqa: it lost 9 points"
    )
    assert second == "::error title=ipllvm::permutation_inverse: 1 swap"


def test_a_run_that_does_not_fail_annotates_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    made = reports.report(reports.result(Decision.VIOLATED, "lost", p=1e-6))
    made["run"]["exit_status"] = 0  # --report-only
    ci.publish_run(made, {"GITHUB_ACTIONS": "true"})
    ci.publish_run(reports.mixed(), {})
    assert capsys.readouterr().out == ""


def test_a_summary_that_can_not_be_written_ends_nothing(tmp_path: Path) -> None:
    ci.publish_run(reports.mixed(), {"GITHUB_STEP_SUMMARY": str(tmp_path / "no" / "summary.md")})
    assert list(tmp_path.iterdir()) == []
