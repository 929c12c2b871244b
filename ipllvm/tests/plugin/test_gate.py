"""A gate's sessions: each comparison is a test, and none that is missing is passed. Nothing is measured."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import ipllvm
from ipllvm import cli
from ipllvm.tests.plugin.gates import agree, batch, claims, last, lost, report
from ipllvm.tests.plugin.sessions import Session, sessions, suite

BASELINE = "--baseline=reports/baselines/first.json"
FIRST = "test_regression[planted:{}-scenes-first-permutation]"
SECOND = "test_regression[planted:{}-scenes-second-clean_score]"
MARKING = """
import pytest

def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.skip("not today"))
"""
"""A plugin of somebody who would like a gate to be quiet."""
LEFT = "it is in the baseline and was left out of this run by -k, -m, --deselect or --lf"


def asked(model: str, *arguments: str) -> list[str]:
    """The arguments of a session on a model that is as good as `invariant`, or worse."""
    return ["--benchmark=scenes", f"--model=planted:{model}", *arguments]


def gate(model: str, *arguments: str) -> list[str]:
    """The arguments of a gate against the baseline of the invariant model."""
    return asked(model, BASELINE, *arguments)


FAST = {
    "same": gate("invariant", "-rA"),
    "worse": gate("blind", "-rA"),
    "first-failure": gate("blind", "-x"),
    "left-out": gate("invariant", "-k", "first"),
    "lose": gate("failing"),
    "marked": gate("blind", "-p", "marking"),
    "another": ["--benchmark=charts", *gate("invariant")[1:]],
    "too-many-failed": asked("lossy", "--save-baseline=half"),
    "law-broken": asked("aligned", "--save-baseline=half"),
    "failed-after": asked("exact-drop", "--save-baseline=half"),
    "lost": asked("failing"),
}
SLOW = {
    "one": gate("blind", "-k", "regression and second and clean"),
    "last-failed": gate("blind", "--lf"),
    "node-id": gate("invariant", f"test_gate.py::{FIRST.format('invariant')}"),
    "skip": gate("noisy"),
    "fewer": gate("invariant", "--samples=300"),
    "more": gate("invariant", "--samples=500"),
    "report-only": gate("blind", "--report-only"),
    "undecided": gate("modality"),
    "undecided-fails": gate("modality", "--undecided=fail"),
    "requirements": gate("blind", "-m", "requirement"),
    "uncollected": gate("invariant", "--continue-on-collection-errors", "test_gate.py", "broken.py"),
    "worse": gate("blind"),
    "reruns": gate("blind", "--reruns=2"),
    "count": gate("blind", "--count=2"),
    "replacing": gate("blind", "--save-baseline=first"),
    "half": asked("failing", "--save-baseline=half"),
    "plan": gate("invariant", "--plan"),
    "two": gate("invariant", "--model=planted:blind"),
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a baseline."""
    place = suite(tmp_path_factory.mktemp("kept"), "suite_gate")
    (place / "marking.py").write_text(MARKING)
    (first,) = sessions(place, asked("invariant", "--save-baseline=first"))
    assert first.status == 0 and "baseline saved as reports/baselines/first.json" in first.lines
    return place


@pytest.fixture(scope="module")
def done(kept: Path) -> dict[str, Session]:
    """The first of the gates above, one after another in one process."""
    return batch(kept, FAST)


@pytest.fixture(scope="module")
def more(tmp_path_factory: pytest.TempPathFactory, kept: Path) -> dict[str, Session]:
    """The other ones."""
    place = suite(tmp_path_factory.mktemp("more"), "suite_gate")
    (place / "broken.py").write_text("import nothing_like_it\n")
    shutil.copytree(kept / "reports" / "baselines", place / "reports" / "baselines")
    return batch(place, SLOW)


@pytest.fixture
def folder(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another folder with the same baseline."""
    monkeypatch.delenv("CI", raising=False)
    suite(tmp_path, "suite_gate")
    shutil.copytree(kept / "reports" / "baselines", tmp_path / "reports" / "baselines")
    return tmp_path


def words(done: Session) -> dict[str, str]:
    """The word of each test in the short summary."""
    told = [line.partition(" test_gate.py::") for line in done.lines if " test_gate.py::" in line]
    return {name.split(" - ")[0]: word for word, _, name in told if word.isupper()}


def test_an_unchanged_model_passes(done: dict[str, Session]) -> None:
    same = done["same"]
    assert same.status == 0 and "8 passed, 1 skipped" in same.lines[-1]
    found = {name: verdict for name, verdict in claims(same).items() if "regression:" in name}
    assert set(found.values()) == {"HOLDS"} and len(found) == 5, "four, and all answers as one"
    assert len(agree(same)) == 9, "the comparison of nothing with nothing is skipped"


def test_each_comparison_is_a_test_with_its_letter_word_and_junit_case(done: dict[str, Session]) -> None:
    worse = done["worse"]
    assert worse.status == 1 and "4 failed, 4 passed, 1 skipped" in worse.lines[-1]
    letters = next(line for line in worse.lines if line.startswith("test_gate.py "))
    assert letters.split()[1] == ".VV.VV.s."
    found = {name for name, word in words(worse).items() if word == "VIOLATED"}
    assert FIRST.format("blind") in found and len(found) == 4
    assert list(agree(worse).values()).count("failure") == 4
    (row,) = (row for row in report(worse)["results"] if row["test"].endswith(FIRST.format("blind")))
    assert FIRST.format("blind") in row["replay"] and BASELINE in row["replay"]


def test_x_stops_and_what_the_session_ends_without_is_in_the_report(done: dict[str, Session]) -> None:
    stopped = done["first-failure"]
    assert stopped.status == 1 and "1 failed, 1 passed" in stopped.lines[-1]
    assert set(lost(stopped).values()) == {"not run: the session ended before it (stopping after 1 failures)"}
    assert len(lost(stopped)) == 7 and len(agree(stopped)) == 2


@pytest.mark.slow
def test_k_and_lf_bring_the_property_with_its_comparison(more: dict[str, Session]) -> None:
    for name in ("one", "last-failed"):
        assert more[name].status == 1 and "1 failed, 1 passed" in more[name].lines[-1]
        assert claims(more[name])["second regression:clean_score"] == "VIOLATED"


@pytest.mark.slow
def test_a_comparison_runs_by_its_node_id_alone(more: dict[str, Session]) -> None:
    exact = more["node-id"]
    assert claims(exact)["first regression:permutation"] == "HOLDS"
    assert exact.status == 7, "the others are missing"


def test_a_gate_with_a_comparison_left_out_is_not_passed(done: dict[str, Session]) -> None:
    some = done["left-out"]
    assert some.status == 7 and set(lost(some).values()) == {LEFT} and len(lost(some)) == 2
    assert "Not answered yet" in last(some, "report.html").read_text()
    assert [*agree(some).values()].count("failure") == 2, "those that were left out"
    assert max(map(int, re.findall(r"\[ *(\d+)%\]", some.output))) == 100
    (no_regression,) = [said for said in report(some)["statements"] if said["name"] == "no_regression"]
    assert no_regression["decision"] == "UNDECIDED"


def uncompared(lacking: Session, model: str, why: str) -> dict[str, str]:
    """How the tests ended of a gate whose second property gave nothing."""
    assert lacking.status == 7
    told = lost(lacking)[SECOND.format(model)]
    assert told.startswith("not compared second (clean_score) on scenes: its property ") and told.endswith(
        why
    )
    return agree(lacking)


def test_a_property_that_could_not_be_measured_is_not_compared(done: dict[str, Session]) -> None:
    ends = uncompared(done["lose"], "failing", "3 of 9 samples failed")
    assert [*ends.values()].count("failure") == 3


def test_a_comparison_that_is_skipped_by_a_mark_was_not_made(done: dict[str, Session]) -> None:
    marked = done["marked"]
    assert marked.status == 7 and [*agree(marked).values()].count("failure") == 0
    assert lost(marked)[FIRST.format("blind")] == (
        "not compared first (permutation) on scenes: it was skipped: not today"
    )


@pytest.mark.slow
def test_a_property_that_was_skipped_is_not_compared(more: dict[str, Session]) -> None:
    ends = uncompared(more["skip"], "noisy", "this model has no text encoder")
    assert [*ends.values()].count("failure") == 2


@pytest.mark.slow
@pytest.mark.parametrize(("name", "where"), [("fewer", "the baseline"), ("more", "this run")])
def test_other_samples_are_not_compared(more: dict[str, Session], name: str, where: str) -> None:
    other = more[name]
    assert other.status == 7 and len(lost(other)) == 4
    assert all(f": 100 samples are in {where} alone (s" in why for why in lost(other).values())
    assert not any("regression" in name for name in claims(other))


def test_what_only_one_side_has_is_told(done: dict[str, Session]) -> None:
    another = done["another"]
    told = "\n".join(lost(another).values())
    assert another.status == 7 and len(agree(another)) == 10
    assert "new first (permutation) on charts: it is not in the baseline" in told
    missing = "missing first (permutation) on scenes: it is in the baseline and not in this run"
    assert f"{missing}; renamed to first (permutation) on charts?" in told
    (statement,) = (each for each in report(another)["statements"] if each["name"] == "no_regression")
    assert "first on charts (could not be compared)" in statement["reason"], "it was called new"


@pytest.mark.slow
def test_a_file_that_could_not_be_read_is_in_the_report(more: dict[str, Session]) -> None:
    unread = more["uncollected"]
    assert unread.status == 1 and set(claims(unread).values()) == {"HOLDS"}
    (note,) = (note for note in report(unread)["notes"] if note.startswith("not collected: broken.py: "))
    assert note in unread.lines


@pytest.mark.slow
def test_report_only_fails_no_comparison(more: dict[str, Session]) -> None:
    assert more["report-only"].status == 0
    assert claims(more["report-only"])["first regression:clean_score"] == "VIOLATED"


@pytest.mark.slow
def test_undecided_passes_unless_it_is_told_to_fail(more: dict[str, Session]) -> None:
    assert (more["undecided"].status, more["undecided-fails"].status) == (0, 6)
    assert "4 undecided" in more["undecided"].lines[-1]
    ends = [[*agree(more[name]).values()] for name in ("undecided", "undecided-fails")]
    assert [each.count("failure") for each in ends] == [0, 4]


@pytest.mark.slow
def test_requirements_by_marker_bring_their_comparisons(more: dict[str, Session]) -> None:
    assert more["requirements"].status == 1 and "4 failed, 2 passed" in more["requirements"].lines[-1]


def _without_tests(value: Any) -> Any:
    """A part of a report without the ids of tests, which pytest-repeat numbers."""
    if isinstance(value, dict):
        return {key: _without_tests(each) for key, each in value.items() if key != "test"}
    return [_without_tests(each) for each in value] if isinstance(value, list) else value


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reruns", "count"])
def test_a_result_is_one_whatever_runs_it_again(more: dict[str, Session], name: str) -> None:
    again, once = report(more[name]), report(more["worse"])
    assert more[name].status == 1
    found = [[(row["property"], row["claim"]["name"]) for row in each["results"]] for each in (again, once)]
    assert sorted(found[0]) == sorted(found[1]) and len(found[0]) == 8
    assert _without_tests(again["multiplicity"]) == _without_tests(once["multiplicity"])
    assert again["statements"] == once["statements"]


def test_a_baseline_that_can_not_be_written_costs_no_report(tmp_path: Path) -> None:
    """A folder that is mounted to be read, as baselines that are committed may be in CI."""
    place = suite(tmp_path, "suite_gate")
    hook = (
        "import pathlib\n"
        "def pytest_runtest_teardown():\n"
        "    folder = pathlib.Path('reports/baselines')\n"
        "    if folder.is_dir():\n"
        "        folder.rmdir()\n"
        "        folder.write_text('')\n"
    )
    with (place / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write(hook)
    (done,) = sessions(place, asked("invariant", "--save-baseline=first"))
    assert done.status == 4 and len(report(done)["results"]) == 3
    assert any(line.startswith("not kept beside the report: reports/") for line in done.lines)
    assert not any("no report was written" in line for line in done.lines)


@pytest.mark.parametrize(
    ("name", "status", "why"),
    [
        ("too-many-failed", 7, "1 test could not be measured"),
        ("law-broken", 1, "1 of its laws and tests failed"),
        ("failed-after", 1, "1 of its laws and tests failed"),
    ],
)
def test_a_run_that_measured_wrongly_or_too_little_is_no_baseline(
    done: dict[str, Session], name: str, status: int, why: str
) -> None:
    assert done[name].status == status and f"no baseline was saved: {why}" in done[name].lines
    assert not [*done[name].folder.glob("baselines/*")]


@pytest.mark.parametrize(
    ("before", "after", "status", "why"),
    [
        ("same", "law-broken", 1, "failed in this run: test_gate.py::test_law"),
        ("law-broken", "same", 7, "test_law[planted:aligned] failed in the baseline"),
        ("same", "failed-after", 1, "failed in this run: test_gate.py::test_first"),
        ("lose", "lost", 7, "not measured: test_gate.py::test_second[planted:failing-scenes] in this run"),
    ],
)
def test_what_a_runs_own_status_refuses_no_gate_over_its_folder_passes(
    done: dict[str, Session],
    before: str,
    after: str,
    status: int,
    why: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sides = [str(last(done[name]).parent) for name in (before, after)]
    found = ipllvm.compare(*sides)
    assert found.exit_status == status and why in "; ".join(found.notes)
    for command in ("gate", "compare"):
        assert cli.main([command, *sides]) == status and why in capsys.readouterr().out


@pytest.mark.slow
def test_a_run_that_is_not_whole_or_not_passed_is_no_baseline(more: dict[str, Session]) -> None:
    assert (more["replacing"].status, more["half"].status) == (1, 7)
    why = "no baseline was saved: the run did not pass the comparison with reports/baselines/first.json"
    assert why in more["replacing"].lines
    assert "no baseline was saved: 1 test could not be measured" in more["half"].lines
    assert not [*more["half"].folder.glob("baselines/*"), *more["replacing"].folder.glob("baselines/*")]


@pytest.mark.slow
def test_planning_compares_nothing_and_two_models_have_no_baseline(more: dict[str, Session]) -> None:
    assert more["plan"].status == 0 and "regression" not in more["plan"].output
    assert more["two"].status == 4 and "a baseline is of one model: give one --model" in more["two"].output


@pytest.mark.slow  # the fast tier has a worker that is killed
@pytest.mark.parametrize("how", ["load", "worksteal", "loadfile"])
def test_with_workers_a_comparison_stays_with_its_property(kept: Path, how: str) -> None:
    name = f"workers-{how}"
    shared = batch(kept, {name: gate("blind", "-n2", f"--dist={how}")})[name]
    assert shared.status == 1 and "4 failed, 4 passed, 1 skipped" in shared.lines[-1]
    assert list(agree(shared).values()).count("failure") == 4


@pytest.mark.slow  # what it is made of: session/test_scheduling.py and session/test_gathered.py
def test_a_killed_worker_loses_no_test(kept: Path) -> None:
    killed = batch(kept, {"killed": gate("one-answer", "-n2")})["killed"]
    assert killed.status == 7
    found = lost(killed)
    assert "crashed while running" in found["test_second[planted:one-answer-scenes]"]
    behind = [why for name, why in found.items() if "scenes-second" in name]
    assert len(behind) == 2 and all("it was not run in this process" in why for why in behind)
    assert claims(killed)["first regression:permutation"] == "HOLDS" and len(agree(killed)) == 9
    assert "Not answered yet" in last(killed, "report.html").read_text()


NAMES = {
    "frist": "no such baseline in reports/baselines: did you mean 'first'? Known: first; the first one is",
    "../../climbed": "no such file: Known: first",
    "first.json": "no such file: did you mean 'first'? Known: first",
    "x" * 300: "no such file: Known: first",
    "reports": "the folder holds no baseline.json: ",
    "": "--baseline '': give a value",
}


def test_a_missing_baseline_is_a_usage_error_with_the_closest_name(folder: Path) -> None:
    found = sessions(
        folder, *(asked("invariant", f"--baseline={name}", "--undecided=fail") for name in NAMES)
    )
    for each, line in zip(found, NAMES.values(), strict=True):
        assert each.status == 4 and line in each.output and "Traceback" not in each.output
        assert len([text for text in each.lines if text]) == 1
    assert [path.name for path in (folder / "reports").glob("*")] == ["baselines"], "none is saved by itself"


def test_the_first_baseline_is_made_where_it_is_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = ("--baseline=new", "--baseline-if-missing=create")
    first, again = sessions(folder, asked("invariant", *create), asked("blind", *create))
    told = "there was no baseline of this name; baseline saved as reports/baselines/new.json"
    assert first.status == 0 and told in first.lines
    assert again.status == 1, "then it is a gate"
    monkeypatch.setenv("CI", "true")
    (refused,) = sessions(folder, asked("invariant", *create))
    assert refused.status == 4 and "CI is set" in refused.output


def test_no_baseline_is_saved_outside_of_its_folder(folder: Path) -> None:
    names = ("../climbed", "x.json", ".hidden", "a/b", "y" * 300, "-x", "new\nline")
    for each in sessions(folder, *(asked("invariant", f"--save-baseline={name}") for name in names)):
        assert each.status == 4 and "give at most 100 letters" in each.output
        assert len([text for text in each.lines if text]) == 1


def test_a_damaged_baseline_ends_before_anything_is_collected(folder: Path) -> None:
    file = folder / "reports" / "baselines" / "first.json"
    file.write_text(file.read_text()[:2000])
    (damaged,) = sessions(folder, gate("invariant"))
    assert damaged.status == 4 and len([line for line in damaged.lines if line]) == 1
    assert "first.json: not a baseline: not JSON" in damaged.output
