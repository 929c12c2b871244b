"""A gate end to end on planted models: each comparison is a test, and none that is missing is passed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ipllvm import cli
from ipllvm.tests.plugin.sessions import Session, properties, session

CHOSEN = ("-k", "invariance or image_use", "--benchmark=planted", "--samples=320", "--device=cpu")
INVARIANCE = (
    "properties/test_permutation.py::test_regression[planted:{}-planted-permutation_invariance-permutation]"
)
IMAGE_USE = "properties/test_clean_score.py::test_regression[planted:{}-planted-image_use]"
CLEAN = "properties/test_clean_score.py::test_regression[planted:{}-planted-image_use-clean_score]"


def gate(folder: Path, model: str, *arguments: str, **variables: str) -> Session:
    told = properties(*CHOSEN, f"--model=planted:{model}", *arguments)
    return session(folder, *told, **{"CI": "", **variables})


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a baseline of the invariant model is."""
    place = tmp_path_factory.mktemp("kept")
    first = gate(place, "invariant", "--save-baseline=first")
    assert first.status == 0
    assert any(line == "baseline saved as reports/baselines/first.json" for line in first.lines)
    return place


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    """A folder with that baseline, and with what is known of the models by now."""
    for name in ("baselines", "outcomes"):
        shutil.copytree(kept / "reports" / name, tmp_path / "reports" / name)
    return tmp_path


@pytest.fixture(scope="module")
def lossy(kept: Path) -> Session:
    """The gate of a model that got worse, as most tests look at it."""
    return gate(kept, "lossy,r=0.15", "--baseline=first", "-rA", "--junitxml=junit.xml")


def last(done: Session, name: str = "report.md") -> Path:
    """A view of the last report in the folder."""
    return max(done.folder.glob(f"reports/*/{name}"), key=lambda found: found.stat().st_mtime_ns)


def report(done: Session) -> dict[str, Any]:
    """The last report in the folder."""
    found: dict[str, Any] = json.loads(last(done, "report.json").read_text())
    return found


def claims(done: Session) -> dict[str, str]:
    """The verdicts of the last report in the folder."""
    return {row["claim"]["name"]: row["verdict"]["decision"] for row in report(done)["results"]}


def lost(done: Session) -> dict[str, str]:
    """What the last report could not tell, by claim."""
    return {row["test"].rpartition("[")[2]: row["reason"] for row in report(done)["not_measured"]}


def endings(path: Path) -> dict[str, str]:
    """How each case of a JUnit file ended, by its place and name."""
    return {
        f"{case.attrib['classname']}::{case.attrib['name']}": next(
            (child.tag for child in case if child.tag in ("failure", "error", "skipped")), "passed"
        )
        for case in ElementTree.parse(path).iter("testcase")
    }


def test_the_same_model_passes_in_other_batches_and_workers(folder: Path) -> None:
    done = gate(folder, "invariant", "--baseline=first", "--batch-size=7", "-n2", "--no-store")
    assert done.status == 0
    found = {name: verdict for name, verdict in claims(done).items() if name.startswith("regression:")}
    assert set(found) == {f"regression:{name}" for name in ("permutation", "image_use", "clean_score")}
    assert set(found.values()) == {"HOLDS"}
    assert "5 passed" in done.lines[-1] and "batch_size" not in done.output


def test_each_comparison_is_a_test_with_its_letter_and_its_line(lossy: Session) -> None:
    assert lossy.status == 1
    model = "lossy,r=0.15"
    found = {
        line.split(" ", 1)[1].partition("properties/")[2]: line.split()[0]
        for line in lossy.lines
        if "::" in line
    }
    told = {name.removeprefix("properties/"): word for name, word in found.items()}
    short = {name.format(model).removeprefix("properties/") for name in (IMAGE_USE, CLEAN)}
    assert {name for name, word in told.items() if word == "VIOLATED"} == short
    assert told[INVARIANCE.format(model).removeprefix("properties/")] == "PASSED"
    assert (
        any(
            line.endswith("test_clean_score.py VV                                     [ 60%]")
            for line in lossy.lines
        )
        or "VV" in lossy.output
    )
    assert "2 failed, 3 passed" in lossy.lines[-1]


def test_a_worse_model_fails_even_where_its_own_claims_hold(lossy: Session) -> None:
    found = claims(lossy)
    assert (found["permutation"], found["image_use"]) == ("HOLDS", "HOLDS")
    assert found["regression:clean_score"] == "VIOLATED"
    (row,) = [row for row in report(lossy)["results"] if row["claim"]["name"] == "regression:clean_score"]
    told = row["estimates"]["regression"]["extra"]["answers"]
    assert 0 < len(told) <= 20 and all(" before, " in line and "Which" in line for line in told)
    assert row["test"] == CLEAN.format("lossy,r=0.15") and "test_regression[" in row["replay"]


def test_both_junit_files_say_the_same(lossy: Session) -> None:
    own, pytests = endings(last(lossy, "junit.xml")), endings(lossy.folder / "junit.xml")
    assert own == pytests and sorted(own.values()) == ["failure", "failure", "passed", "passed", "passed"]
    for path in (last(lossy, "junit.xml"), lossy.folder / "junit.xml"):
        (suite,) = ElementTree.parse(path).iter("testsuite")
        assert [suite.attrib[name] for name in ("tests", "failures", "errors", "skipped")] == [
            "5",
            "2",
            "0",
            "0",
        ]


def test_report_only_fails_no_comparison(folder: Path) -> None:
    done = gate(folder, "lossy,r=0.15", "--baseline=first", "--report-only")
    assert done.status == 0 and claims(done)["regression:clean_score"] == "VIOLATED"


def test_x_stops_at_the_first_comparison_that_fails(folder: Path) -> None:
    done = gate(folder, "lossy,r=0.15", "--baseline=first", "-x")
    assert done.status == 1 and "1 failed, 1 passed" in done.lines[-1]
    assert set(lost(done).values()) == {"not run: the session ended before it (stopping after 1 failures)"}
    assert len(lost(done)) == 3, "every collected test is in the report"


def test_a_comparison_that_is_chosen_brings_its_property(folder: Path) -> None:
    """By -k, by node id and by --lf; what of the baseline is left out is no pass."""
    done = gate(
        folder, "lossy,r=0.15", "--baseline=first", "-k", "clean_score and regression", "-pcacheprovider"
    )
    assert done.status == 1 and "1 failed, 1 passed" in done.lines[-1]
    again = session(
        folder,
        *properties(
            "--lf", *CHOSEN[2:], "--model=planted:lossy,r=0.15", "--baseline=first", "-pcacheprovider"
        ),
    )
    assert again.status == 1 and "1 failed, 1 passed" in again.lines[-1]


def test_a_comparison_runs_by_its_node_id(folder: Path) -> None:
    node = str(Path(properties()[2]) / IMAGE_USE.format("invariant").removeprefix("properties/"))
    told = [each for each in properties("--baseline=first", "--model=planted:invariant", *CHOSEN[2:])]
    told[2] = node
    done = session(folder, *told)
    assert done.status == 7 and "2 passed" in done.output
    left = "it is in the baseline and was left out of this run by -k, -m, --deselect or --lf"
    assert done.output.count("missing") >= 1 or left in lost(done).values()


def test_what_the_baseline_violated_too_is_no_regression(tmp_path: Path) -> None:
    many = "--samples=600"
    assert gate(tmp_path, "positional", "--save-baseline=old", many).status == 1
    again = gate(tmp_path, "positional", "--baseline=old", many)
    assert again.status == 0
    found = claims(again)
    assert (found["permutation"], found["regression:permutation"]) == ("VIOLATED", "HOLDS")
    assert any("the exit status is the comparison's" in line for line in again.lines)
    audited = gate(tmp_path, "positional", "--baseline=old", many, "--draws=5", "--profile=audit")
    assert audited.status == 1, "an audit asks for the model's own claims too"


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("--draws=2", "draws is 5 in the baseline and 2 in this run"),
        ("--samples=60", "260 samples are in the baseline alone"),
        ("--samples=400", "80 samples are in this run alone"),
        ("--seed=3", "seed is 0 in the baseline and 3 in this run"),
        ("--noise=uniform", "noise is "),
    ],
)
def test_unlike_runs_are_not_compared(folder: Path, asked: str, why: str) -> None:
    done = gate(folder, "invariant", "--baseline=first", asked)
    assert done.status == 7
    assert any(
        f"not compared permutation_invariance (permutation) on planted: {why}" in line for line in done.lines
    )
    assert why in last(done).read_text() and "Not answered yet" not in done.output
    assert {verdict for name, verdict in claims(done).items() if name.startswith("regression:")} <= {"HOLDS"}


@pytest.mark.parametrize(
    "rule",
    [
        "regression_margin = 50",
        'kind = "observation"',
        'direction = "at_least"',
        "margin = 60",
        "alpha = 0.4",
    ],
)
def test_the_candidate_does_not_set_the_rule(folder: Path, rule: str) -> None:
    (folder / "mine.toml").write_text(f"[image_use]\n{rule}\n")
    done = gate(folder, "lossy,r=0.15", "--baseline=first", "--claims=mine.toml", "--undecided=fail")
    name = rule.partition(" ")[0]
    assert done.status in (1, 7)
    assert any(f"the claim's {name} is " in why for why in lost(done).values()) or rule.startswith(
        "direction"
    )
    assert claims(done).get("regression:image_use") is None or rule.startswith("direction")


def test_two_models_have_no_baseline(folder: Path) -> None:
    done = gate(folder, "invariant", "--model=planted:blind", "--baseline=first")
    assert done.status == 4
    assert "a baseline is of one model: give one --model" in done.output


def test_a_gate_that_measures_nothing_fails(folder: Path) -> None:
    """What was not measured is missing; and what is new fails as well."""
    chosen = ("--benchmark=planted", "--device=cpu", "--model=planted:invariant", "--samples=20")
    done = session(folder, *properties(*chosen, "-k", "option_order", "--baseline=first"))
    assert done.status == 7
    assert "new option_order (option_order) on planted: it is not in the baseline" in done.output
    assert len(lost(done)) == 4 and "Not answered yet" in last(done, "report.html").read_text()


def test_a_baseline_of_another_benchmark_is_missing(folder: Path) -> None:
    done = gate(
        folder, "invariant", "--baseline=first", "--benchmark=planted-2", "-k", "image_use or regression"
    )
    chosen = properties(
        "-k", "image_use", "--benchmark=planted-2", "--samples=20", "--model=planted:invariant"
    )
    done = session(folder, *chosen, "--baseline=first", "--device=cpu")
    assert done.status == 7
    told = "missing image_use (image_use) on planted: it is in the baseline and not in this run"
    assert any(told in line for line in done.lines)


def test_saved_reports_are_compared_offline(kept: Path) -> None:
    """The folder of a run is as good as a file of --save-baseline."""
    runs = sorted(kept.glob("reports/*/baseline.json"), key=lambda found: found.stat().st_mtime_ns)
    given = [str(run.parent) for run in runs[:1]]
    assert cli.main(["compare", str(kept / "reports" / "baselines" / "first.json"), *given]) == 0
    assert cli.main(["compare", "first", "first", f"--report-dir={kept / 'reports'}"]) == 0


def test_a_missing_baseline_is_a_usage_error_with_the_closest_name(folder: Path) -> None:
    done = gate(folder, "invariant", "--baseline=frist", "--undecided=fail")
    assert done.status == 4
    (line,) = [line for line in done.lines if line]
    assert (
        "--baseline frist: no such baseline in reports/baselines: did you mean 'first'? Known: first" in line
    )
    assert not list(folder.glob("reports/*/report.json")) and len([*folder.glob("reports/baselines/*")]) == 1


def test_the_first_baseline_is_made_where_it_is_asked_for(tmp_path: Path) -> None:
    create = ("--baseline=new", "--baseline-if-missing=create")
    refused = gate(tmp_path, "invariant", *create, CI="true")
    assert refused.status == 4 and "CI is set" in refused.output and not list(tmp_path.glob("reports/b*"))
    first = gate(tmp_path, "invariant", *create)
    assert first.status == 0
    told = "there was no baseline of this name; baseline saved as reports/baselines/new.json"
    assert told in first.lines and told in last(first).read_text()
    again = gate(tmp_path, "lossy,r=0.15", *create)
    assert again.status == 1, "then it is a gate"


def test_a_run_that_is_not_whole_or_not_passed_is_no_baseline(folder: Path) -> None:
    worse = gate(folder, "lossy,r=0.15", "--baseline=first", "--save-baseline=first")
    assert worse.status == 1
    assert "no baseline was saved: the run did not pass the comparison with first" in worse.lines
    lacking = gate(folder, "failing,share=0.5", "--save-baseline=half")
    assert lacking.status == 7 and any(line.startswith("no baseline was saved: ") for line in lacking.lines)
    assert [file.name for file in folder.glob("reports/baselines/*")] == ["first.json"]


@pytest.fixture
def run(folder: Path) -> Callable[..., Session]:
    """A gate on the invariant model in the folder."""
    return lambda *arguments: gate(folder, "invariant", *arguments)


def test_a_damaged_baseline_ends_before_anything_is_measured(
    run: Callable[..., Session], folder: Path
) -> None:
    (folder / "reports" / "baselines" / "first.json").write_text(
        '{"schema": "ipllvm-baseline/1", "entries": ['
    )
    done = run("--baseline=first")
    assert done.status == 4 and "trials" not in done.output and "Traceback" not in done.output
    assert len([line for line in done.lines if line]) == 1
