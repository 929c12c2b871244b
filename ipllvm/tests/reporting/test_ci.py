"""What a run leaves in a CI job: its summary, annotations of what fails it, nothing without a job."""

from dataclasses import replace
from pathlib import Path

import pytest

from ipllvm.records import Decision, Result
from ipllvm.reporting import ci, comments, markdown
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


@pytest.mark.parametrize(
    ("found", "options"),
    [
        (reports.result(Decision.VIOLATED, "lost", kind="observation"), {"strict_observations": True}),
        (
            replace(reports.result(), claim=replace(reports.CLAIM, name="regression:permutation")),
            {"baseline": "release-1", "fail_on": "worse"},
        ),
    ],
    ids=["a finding", "worse within its margin"],
)
def test_all_that_fails_a_run_is_annotated(
    found: Result, options: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    """What ends it with 1, not only what is called VIOLATED."""
    made = reports.report(found)
    made["run"]["options"] |= options
    made["run"]["exit_status"] = 1
    if "fail_on" in options:
        made["results"][0]["standing"]["p_worse"] = 0.001
    ci.publish_run(made, {"GITHUB_ACTIONS": "true"})
    assert capsys.readouterr().out.startswith("::error title=ipllvm::")


def test_a_run_that_does_not_fail_annotates_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    made = reports.report(reports.result(Decision.VIOLATED, "lost", p=1e-6))
    made["run"]["exit_status"] = 0  # --report-only
    ci.publish_run(made, {"GITHUB_ACTIONS": "true"})
    ci.publish_run(reports.mixed(), {})
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("values", "link"),
    [
        (
            ("https://git.example", "org/name", "41"),
            "[The job](https://git.example/org/name/actions/runs/41)",
        ),
        (("https://git.example", "org/name", ""), ""),
        (("", "org/name", "41"), ""),
        (("https://git.example", "org/name](x)", "41"), ""),
    ],
)
def test_a_comment_names_the_job_where_it_is_one(values: tuple[str, str, str], link: str) -> None:
    assert ci.job_link(dict(zip(ci.PLACE, values, strict=True))).partition(",")[0] == link


def test_a_summary_that_can_not_be_written_ends_nothing(tmp_path: Path) -> None:
    ci.publish_run(reports.mixed(), {"GITHUB_STEP_SUMMARY": str(tmp_path / "no" / "summary.md")})
    assert list(tmp_path.iterdir()) == []


def test_a_summary_beyond_what_github_shows_is_cut_behind_a_row(tmp_path: Path) -> None:
    many = reports.report(*[reports.result(name=f"property_{number}") for number in range(30)])
    for row in many["results"]:
        row["claim"]["text"] = "é" * 40_000
    many["notes"] = ["n" * 900] * 1_200
    place = tmp_path / "summary.md"
    place.write_text("before\n")
    ci.publish_run(many, {"GITHUB_STEP_SUMMARY": str(place)})
    text = place.read_text()
    assert ci.SUMMARY_LIMIT - 2_000 < place.stat().st_size <= ci.SUMMARY_LIMIT
    assert text.endswith(comments.CUT) and text.startswith("before\n")
    assert text.removesuffix(comments.CUT).splitlines()[-1] == f"- {'n' * 900}"


def test_what_is_open_where_a_text_is_cut_is_closed() -> None:
    text = "<details><summary>a</summary>\n\n<pre>" + "row\n" * 100 + "</pre></details>"
    cut = comments.fitting(text, 300)
    assert len(cut.encode()) <= 300 and cut.endswith(f"row</pre></details>{comments.CUT}")
    assert comments.fitting(text, 10_000) == text
    assert comments.fitting("é\n" * 400, 200).startswith("é\n")
