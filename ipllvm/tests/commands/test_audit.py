"""`ipllvm audit`: says what is ahead, writes every view and a manifest, goes on where it was stopped."""

import json
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from ipllvm import cli
from ipllvm.engine.store import maintenance
from ipllvm.tests import forks
from ipllvm.tests.commands.processes import start

MODEL = "planted:invariant"
SMALL = ("--benchmark=planted", "--samples=60", "--batch-size=4")
CHOSEN = ("-k", "permutation_invariance or patch_information")
PLANNED = 60 * (1 + 1 + 16) + 60 * (1 + 1 + 5)
"""Clean, blank and 16 groups; clean, blank and 5 draws."""
TRIALS = PLANNED - 60 * 2
"""The second property finds the clean and the blank answers of the first."""
VIEWS = {"junit.xml", "manifest.json", "report.html", "report.json", "report.md"}


def outcomes(folder: Path) -> tuple[int, int]:
    """How many outcomes the store holds, and in all its files together: more where a trial was run twice."""
    total = kept(folder / "reports" / "outcomes")
    merged = maintenance.merge(folder / "reports" / "outcomes")
    return (total if merged.file is None else merged.outcomes), total


def kept(place: Path) -> int:
    """How many outcomes are in the files of a store, one of which may be written at the moment."""
    return (
        sum(maintenance.content(path).outcomes.total() for path in maintenance.files(place))
        if place.exists()
        else 0
    )


def runs(folder: Path) -> list[Path]:
    """The folders of the runs, oldest first."""
    return sorted(path.parent for path in folder.glob("reports/*/report.json"))


def manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a run."""
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return found


def begun(folder: Path) -> forks.Command:
    """An audit that has just kept the first outcomes that were not there before."""
    place = folder / "reports" / "outcomes"
    before = kept(place)
    process = start(folder, "audit", MODEL, *CHOSEN, *SMALL)
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and process.running:
        if kept(place) > before:
            return process
        time.sleep(0.01)
    raise AssertionError(f"ended or hung before it kept anything: {process.end()[1]}")


def _gates(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The results that compare with a baseline."""
    return [row for row in report["results"] if row["claim"]["name"].startswith("regression:")]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """An audit that is killed, then interrupted, then left alone: what there was after each."""
    folder = tmp_path_factory.mktemp("audit")
    process = begun(folder)
    process.send(signal.SIGKILL)
    process.end()
    killed = {"runs": runs(folder), "outcomes": outcomes(folder)}
    process = begun(folder)
    process.send(signal.SIGINT)
    status, printed = process.end()
    stopped = {"status": status, "output": printed, "outcomes": outcomes(folder), "runs": runs(folder)}
    status, printed = start(folder, "audit", MODEL, *CHOSEN, *SMALL, "--save-baseline=first").end()
    done = {"status": status, "output": printed, "outcomes": outcomes(folder), "runs": runs(folder)}
    gated = start(folder, "audit", MODEL, *CHOSEN, *SMALL, "--baseline=first").end()
    compared = {"gated": gated, "outcomes": outcomes(folder), "runs": runs(folder)}
    return {"killed": killed, "stopped": stopped, "done": done, "compared": compared}


@pytest.mark.slow
def test_a_kill_leaves_outcomes_and_no_report(story: dict[str, Any]) -> None:
    assert story["killed"]["runs"] == []
    assert 0 < story["killed"]["outcomes"][0] < TRIALS


@pytest.mark.slow
def test_ctrl_c_leaves_a_partial_report_with_a_manifest_that_says_so(story: dict[str, Any]) -> None:
    stopped = story["stopped"]
    assert stopped["status"] == 2
    (folder,) = stopped["runs"]
    assert {path.name for path in folder.iterdir()} >= VIEWS
    assert (manifest(folder)["partial"], manifest(folder)["exit_status"]) == (True, 2)
    assert "stopped early: the same command goes on" in stopped["output"].splitlines()[-1]
    assert cli.main(["verify", str(folder)]) == 0


@pytest.mark.slow
def test_the_same_command_goes_on_and_repeats_nothing(story: dict[str, Any]) -> None:
    killed, stopped, done = (story[name]["outcomes"] for name in ("killed", "stopped", "done"))
    assert killed[0] < stopped[0] < done[0] == TRIALS
    assert all(distinct == total for distinct, total in (killed, stopped, done))
    report = json.loads((story["done"]["runs"][-1] / "report.json").read_text(encoding="utf-8"))
    assert [row["estimates"]["clean"]["n"] for row in report["results"]] == [60, 60]
    assert not report["run"]["partial"]


@pytest.mark.slow
def test_it_says_first_how_long_it_will_take(story: dict[str, Any]) -> None:
    lines = story["done"]["output"].splitlines()
    assert lines[0] == "audit: 2 tests make trials"
    assert lines[1].startswith(f"all of it: {PLANNED:,} trials, ")
    assert re.match(r"about [0-9] s on cpu; what is known already is not run again", lines[2])
    assert lines[3].startswith("memory: 0 MB of weights, ")
    assert lines[4].startswith("outcomes are kept in reports/outcomes: stopped, the same command goes on")
    assert lines[5].startswith("=")


@pytest.mark.slow
def test_every_view_is_written_and_in_the_manifest(story: dict[str, Any]) -> None:
    done = story["done"]
    folder = done["runs"][-1]
    assert done["status"] == manifest(folder)["exit_status"]
    assert {path.name for path in folder.iterdir()} >= VIEWS
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {row["file"] for row in manifest(folder)["files"]} == files - {"manifest.json"}
    assert {path.suffix for path in (folder / "figures").iterdir()} == {".svg", ".png", ".csv"}
    command = "ipllvm audit planted:invariant -k "
    assert manifest(folder)["command"].startswith(command)
    told = done["output"].splitlines()[-1]
    assert told.startswith(f"manifest: {folder.relative_to(folder.parents[1])}/manifest.json, SHA-256 ")


@pytest.mark.slow
def test_one_audit_is_kept_as_a_baseline_and_the_next_is_compared(story: dict[str, Any]) -> None:
    compared = story["compared"]
    status, told = compared["gated"]
    assert status == story["done"]["status"], "an audit counts its own verdicts too"
    assert "baselines/first.json" in story["done"]["output"]
    before, after = (json.loads((run / "report.json").read_text("utf-8")) for run in compared["runs"][-2:])
    assert not _gates(before)
    gates = _gates(after)
    assert {row["verdict"]["decision"] for row in gates} <= {"HOLDS", "UNDECIDED"}
    assert {row["property"] for row in gates} >= {"permutation_invariance", "patch_information"}
    assert "permutation, against first" in told
    assert compared["outcomes"] == story["done"]["outcomes"], "all was known"
    assert "--baseline=first" in manifest(compared["runs"][-1])["command"]


@pytest.mark.slow
def test_the_audit_profile_is_taken(story: dict[str, Any]) -> None:
    report = json.loads((story["done"]["runs"][-1] / "report.json").read_text(encoding="utf-8"))
    assert report["run"]["options"]["profile"] == "audit"


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (["nosuch"], 4, "ERROR: unknown model 'nosuch': "),
        ([MODEL, "--benchmark=plantd"], 4, "ERROR: unknown benchmark 'plantd': did you mean 'planted'? "),
        ([MODEL, "-k", "nothing_of_this_name"], 5, ""),
        ([MODEL, "--profile=quick"], 4, "ipllvm audit: --profile: an audit has its own"),
    ],
)
def test_what_can_not_be_audited_is_told_before_anything_is_run(
    tmp_path: Path, words: list[str], status: int, line: str
) -> None:
    found, printed = start(tmp_path, "audit", *words).end()
    assert found == status
    assert any(told.startswith(line) for told in printed.splitlines())
    assert "manifest" not in printed
    assert list(tmp_path.iterdir()) == []
