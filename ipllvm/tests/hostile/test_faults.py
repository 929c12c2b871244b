"""Faults injected while a run goes on: a report with the right status, and nothing lost without a word."""

import json
from pathlib import Path
from typing import Any

import pytest

from ipllvm.tests.hostile.row import CRASH
from ipllvm.tests.plugin.sessions import Session, properties, session

SIZE, BATCH = 24, 4
TESTS = {"permutation_invariance", "image_use"}
FAULTY = ("-p", "ipllvm.tests.hostile.faulty", "--report-dir=reports")
PLANTED = ("--model=planted:invariant", "--benchmark=planted", f"--samples={SIZE}", f"--batch-size={BATCH}")
SIGNALS = ("SIGTERM", "SIGHUP", "SIGINT")
VANDALS = ("deleted", "renamed", "damaged")
AT = (1, 4, 9)
slow = pytest.mark.slow


def faulty(folder: Path, fault: str, at: int, *options: str) -> Session:
    """A session of two properties in which a fault happens before a batch is written."""
    chosen = ("-k", "permutation_invariance or image_use", *PLANTED, "--draws=1", "--device=cpu", *options)
    return session(folder, *properties(*FAULTY, *chosen), FAULT=fault, AT=str(at))


def told(done: Session) -> dict[str, Any]:
    """The report, in which every test is: with a result, not measured, or cut short."""
    assert not CRASH.search(done.output), done.output
    report = done.report()
    assert report["run"]["exit_status"] == done.status, done.output
    for row in report["results"]:
        for found in row["estimates"].values():
            whole = found["n"] + found["n_error"] == SIZE
            assert whole or row["partial"] or row["verdict"]["decision"] == "UNDECIDED"
    if not report["run"]["partial"]:
        found = {row["property"] for row in report["results"]} | {
            row["property"] for row in report["not_measured"]
        }
        assert found >= TESTS, done.output
    return report


@pytest.mark.parametrize(
    ("fault", "at"),
    [pytest.param(s, at, marks=() if (s, at) == ("SIGTERM", 4) else slow) for s in SIGNALS for at in AT],
)
def test_a_signal_ends_a_run_with_a_partial_report(tmp_path: Path, fault: str, at: int) -> None:
    done = faulty(tmp_path, fault, at)
    report = told(done)
    assert (done.status, report["run"]["partial"]) == (2, True)
    again = session(
        tmp_path, *properties("--report-dir=reports", "-k", "image_use", *PLANTED, "--device=cpu")
    )
    assert again.status == 0


@pytest.mark.parametrize(
    ("fault", "at"),
    [pytest.param(v, at, marks=() if (v, at) == ("renamed", 4) else slow) for v in VANDALS for at in AT],
)
def test_a_store_that_is_vandalised_is_whole_or_told(tmp_path: Path, fault: str, at: int) -> None:
    done = faulty(tmp_path, fault, at)
    report = told(done)
    assert (done.status == 0) == (not report["not_measured"])
    assert done.status in (0, 7)


@pytest.mark.parametrize(
    ("fault", "at"),
    [
        pytest.param(f, at, marks=() if (f, at) == ("swapped store", 4) else slow)
        for f in ("swapped store", "swapped reports")
        for at in AT
    ],
)
def test_a_folder_that_is_swapped_for_a_link_is_not_followed(tmp_path: Path, fault: str, at: int) -> None:
    """Neither outcomes nor a report come into what it leads to, and the run ends with a line that says so."""
    victim = tmp_path / "victim" / "outcomes"
    victim.mkdir(parents=True)
    for folder in (victim, victim.parent):
        (folder / "mine.sqlite").write_bytes(b"precious")
    done = faulty(tmp_path, fault, at)
    assert not CRASH.search(done.output), done.output
    assert "since the run began it has come to lead elsewhere" in " ".join(done.output.split())
    assert done.status == 2
    assert ("no report was written" in done.output) == (fault == "swapped reports")
    assert {path.read_bytes() for path in victim.parent.rglob("*") if path.is_file()} == {b"precious"}
    assert len(list(victim.parent.rglob("*"))) == 3


@pytest.mark.parametrize("at", [pytest.param(1, marks=slow), 9])
def test_too_little_memory_is_one_line_and_costs_one_test(tmp_path: Path, at: int) -> None:
    done = faulty(tmp_path, "memory", at)
    report = told(done)
    assert done.status == 7
    assert [row["reason"] for row in report["not_measured"]] == ["MemoryError: MemoryError"]
    assert len(report["results"]) == 1


def test_a_view_that_can_not_be_drawn_leaves_the_report(tmp_path: Path) -> None:
    done = faulty(tmp_path, "report", 1)
    (folder,) = (tmp_path / "reports").glob("2*")
    assert len(json.loads((folder / "report.json").read_text())["results"]) == 2
    assert {path.name for path in folder.iterdir()} >= {"report.json", "report.md", "junit.xml"}
    assert any("report.html missing (MemoryError" in line for line in done.lines), done.output
    assert done.status == 4
    assert not CRASH.search(done.output)


@slow
def test_a_report_that_can_not_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    done = faulty(tmp_path, "statements", 1)
    assert done.status == 4
    assert any("no report was written: MemoryError" in line for line in done.lines), done.output
    assert not CRASH.search(done.output)


@slow
def test_a_worker_that_is_killed_loses_no_test(tmp_path: Path) -> None:
    done = faulty(tmp_path, "worker", 4, "-n2")
    report = told(done)
    assert done.status == 7
    assert any("crashed while running" in row["reason"] for row in report["not_measured"])


@pytest.mark.slow
def test_a_baseline_that_is_written_over_during_a_run_is_the_one_that_was_read(tmp_path: Path) -> None:
    """Workers would else compare with what another run has put in its place."""
    chosen = ("--report-dir=reports", "-k", "permutation_invariance", "--benchmark=planted", "--samples=60")
    for model, name in (("invariant", "good"), ("exact-drop,d=0.5", "worse")):
        save = f"--save-baseline={name}"
        done = session(tmp_path, *properties(*chosen, f"--model=planted:{model}", "--report-only", save))
        assert done.status == 0, done.output
    gate = ("-p", "ipllvm.tests.hostile.faulty", "--model=planted:exact-drop,d=0.5", "--baseline=good", "-n1")
    done = session(tmp_path, *properties(*chosen, *gate), FAULT="baseline")
    assert done.status == 1, done.output
    assert "VIOLATED" in done.output and not CRASH.search(done.output)


@slow
def test_claims_that_change_after_they_were_checked_are_told(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[permutation]\nmargin = 3\n")
    done = faulty(tmp_path, "claims", 1, "--claims=mine.toml")
    told(done)
    assert done.status in (0, 7)


@slow
@pytest.mark.parametrize("fault", ["pictures", "other pictures"])
def test_pictures_that_change_during_a_run_are_errors(tmp_path: Path, fault: str) -> None:
    """What was measured of them would be kept as that of the pictures whose digest the run has taken."""
    from PIL import Image

    pictures = tmp_path / "data" / "mmvp" / "MMVP Images"
    pictures.mkdir(parents=True)
    rows = "".join(f"{n},q?,(a) x (b) y,(a)\n" for n in range(1, 9))
    (tmp_path / "data" / "mmvp" / "Questions.csv").write_text(
        f"Index,Question,Options,Correct Answer\n{rows}"
    )
    for number in range(1, 9):
        Image.new("RGB", (64, 64), (30 * number, 0, 0)).save(pictures / f"{number}.jpg")
    chosen = ("-k", "image_use", "--model=llava-tiny", "--benchmark=mmvp", "--samples=8", "--batch-size=2")
    arguments = properties(*FAULTY, *chosen, "--device=cpu")
    done = session(tmp_path, *arguments, FAULT=fault, AT="1", IPLLVM_DATA="data")
    assert done.status == 7
    assert not CRASH.search(done.output)
    assert "has changed since the run began: run again" in json.dumps(done.report())
