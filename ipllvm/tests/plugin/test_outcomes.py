"""What a user sees of each outcome, and the exit status."""

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ipllvm.reporting.schema import SCHEMA
from ipllvm.tests.plugin.sessions import Session, session, sessions, suite

NOT_MEASURED = {
    "unmeasured": "3 of 9 samples failed",
    "absent": "benchmark 'moon' needs the package moon: pip install moon",
    "refused": "--samples 9: 'moon' has 3 samples",
    "crash": "RuntimeError: the allocator gave up",
}
QUIET = ("--benchmark=scenes", "-q", "-pno:cacheprovider")


def test_every_outcome_has_its_letter(outcomes: Session) -> None:
    letters = next(line for line in outcomes.lines if line.startswith("test_outcomes.py "))
    assert letters.split()[1] == "..VuNNNNs.F"


def test_every_outcome_is_counted_in_the_last_line(outcomes: Session) -> None:
    assert "2 failed, 3 passed, 1 skipped, 4 errors, 1 undecided" in outcomes.lines[-1]


def test_a_finding_has_its_word_in_the_short_summary(outcomes: Session) -> None:
    found = [
        line.split(" test_outcomes.py::") for line in outcomes.lines if " test_outcomes.py::test_" in line
    ]
    words = {name.partition("[")[0]: word for word, name in found if not word.startswith("not measured")}
    assert words["test_violated"] == "VIOLATED"
    assert {words[f"test_{name}"] for name in NOT_MEASURED} == {"NOT MEASURED"}
    assert words["test_broken_law"] == "FAILED"


def test_verbose_output_has_words_and_the_first_traceback(tmp_path: Path, outcomes: Session) -> None:
    chosen = ["-v", "-k", "undecided or unmeasured", "--benchmark=scenes"]
    (verbose,) = sessions(suite(tmp_path, "suite_outcomes"), chosen)
    assert any("test_undecided[llava-tiny-scenes] UNDECIDED" in line for line in verbose.lines)
    assert any("test_unmeasured[llava-tiny-scenes] NOT MEASURED" in line for line in verbose.lines)
    assert "Traceback of the first one" in verbose.lines
    assert "Traceback of the first one" not in outcomes.output
    (lost,) = verbose.report()["not_measured"]
    assert lost["reason"] == "3 of 9 samples failed"


def test_what_can_not_be_collected_never_ends_with_status_0(tmp_path: Path) -> None:
    folder = suite(tmp_path, "suite_outcomes")
    (folder / "test_broken.py").write_text("import nowhere\n")
    for options in ([], ["-x"], ["-k", "holds", "-x"]):
        (done,) = sessions(folder, [*options, "test_broken.py"])
        assert done.status not in (0, 5), options


def test_only_a_failed_assertion_shows_where(outcomes: Session) -> None:
    assert "Traceback" not in outcomes.output
    assert [line for line in outcomes.lines if line.startswith("test_outcomes.py:")] == [
        "test_outcomes.py:78: AssertionError",
    ]


def test_what_could_not_be_measured_says_so_in_one_line(outcomes: Session) -> None:
    for reason in NOT_MEASURED.values():
        assert any(line.startswith("not measured ") and line.endswith(reason) for line in outcomes.lines)


def test_junit_tells_the_verdicts_and_the_numbers(outcomes: Session) -> None:
    cases = {
        case.attrib["name"].partition("[")[0]: case
        for case in ElementTree.parse(outcomes.folder / "junit.xml").iter("testcase")
    }
    undecided = cases["test_undecided"]
    skipped = undecided.find("skipped")
    assert skipped is not None
    assert skipped.attrib["message"] == "UNDECIDED: [1.0, 3.0] does not settle it"
    values = {found.attrib["name"]: found.attrib["value"] for found in undecided.iter("property")}
    assert values["verdict"] == "UNDECIDED"
    assert (values["performance_drop"], values["low"], values["high"]) == ("0.4", "-0.75", "1.62")
    assert cases["test_violated"].find("failure") is not None
    assert cases["test_absent"].find("error") is not None
    assert list(cases["test_plain"]) == []


def test_the_report_has_a_row_for_what_was_measured(outcomes: Session) -> None:
    validate = pytest.importorskip("jsonschema").validate
    report = outcomes.report()
    validate(report, SCHEMA)
    assert {row["property"]: row["outcome"] for row in report["results"]} == {
        "holds": "passed",
        "violated": "failed",
        "undecided": "skipped",
    }
    assert {lost["property"]: lost["reason"] for lost in report["not_measured"]} == NOT_MEASURED
    assert [skipped["reason"] for skipped in report["not_tested"]] == ["this model has no text encoder"]


def test_what_could_not_be_measured_counts_in_the_family_of_its_model(outcomes: Session) -> None:
    (family,) = outcomes.report()["multiplicity"]["families"]
    assert (family["model"], family["k"]) == ("llava-tiny", 3 + len(NOT_MEASURED))


def test_exit_statuses(tmp_path: Path) -> None:
    expected = {
        ("holds", "fail"): 0,
        ("holds or undecided", "pass"): 0,
        ("holds or undecided", "fail"): 6,
        ("skipped", "fail"): 0,
        ("holds or unmeasured or undecided", "pass"): 7,
        ("holds or unmeasured or undecided", "fail"): 7,
        ("absent", "pass"): 7,
        ("refused", "pass"): 7,
        ("crash", "pass"): 7,
        ("violated or unmeasured or undecided", "fail"): 1,
        ("broken_law or unmeasured", "pass"): 1,
        ("nothing_of_this_name", "fail"): 5,
    }
    calls = [[*QUIET, "-k", chosen, f"--undecided={policy}"] for chosen, policy in expected]
    done = sessions(suite(tmp_path, "suite_outcomes"), *calls)
    assert dict(zip(expected, [one.status for one in done], strict=True)) == expected


def test_the_first_failure_ends_a_session_with_x(tmp_path: Path) -> None:
    first, last = sessions(
        suite(tmp_path, "suite_outcomes"),
        [*QUIET, "-x", "-k", "violated or unmeasured"],
        [*QUIET, "-x", "-k", "undecided or unmeasured or absent"],
    )
    assert (first.status, last.status) == (1, 7)
    assert "1 failed" in first.lines[-1]
    assert "error" not in first.lines[-1]
    assert "1 error, 1 undecided" in last.lines[-1]


def test_lf_runs_again_what_failed_and_not_what_was_undecided(outcomes: Session) -> None:
    again = session(outcomes.folder, "--lf", "--collect-only", "-q", "--benchmark=scenes")
    names = {line.partition("::test_")[2].partition("[")[0] for line in again.lines if "::" in line}
    assert names == {"violated", "broken_law", *NOT_MEASURED}


@pytest.fixture
def unwritable(tmp_path: Path) -> Callable[[], Session]:
    """A session whose report folder becomes a file while it runs."""

    def run() -> Session:
        folder = suite(tmp_path, "suite_outcomes")
        conftest = folder / "conftest.py"
        hook = (
            "import pathlib, shutil\n"
            "def pytest_runtest_teardown():\n"
            "    shutil.rmtree('reports')\n"
            "    pathlib.Path('reports').write_text('')\n"
        )
        conftest.write_text(conftest.read_text(encoding="utf-8") + hook, encoding="utf-8")
        return session(folder, *QUIET, "-k", "holds")

    return run


def test_results_are_shown_where_the_report_can_not_be_written(unwritable: Callable[[], Session]) -> None:
    done = unwritable()
    assert done.status == 4
    assert any(line.startswith("holds ") and line.endswith(" HOLDS") for line in done.lines)
    assert any(line.startswith("no report was written: reports") for line in done.lines)
