"""The properties themselves on tiny checkpoints, where things go wrong: never a wrong answer."""

from pathlib import Path

import pytest

from ipllvm.tests.plugin.journal import Journal
from ipllvm.tests.plugin.sessions import Session, properties, session

HAUNTED = ("-p", "ipllvm.tests.plugin.haunted")
PINNED = ("-p", "ipllvm.tests.plugin.pinned")
SMALL = ("--samples=8", "--draws=2", "--batch-size=4", "--device=cpu")
FAILING = "scenes-00005-0"
FULL = """
from ipllvm.engine.store import outcome_file

connect = outcome_file._connect


def few_pages(*place):
    connection = connect(*place)
    connection.execute("PRAGMA max_page_count = 16")
    return connection


outcome_file._connect = few_pages
"""


@pytest.fixture(scope="module")
def failures(checkpoints: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Session:
    names = ("small", "few", "undecodable", "raising", "moon", "easyvqa")
    chosen = [f"--benchmark={name}" for name in names]
    plugins = (*HAUNTED, *PINNED, "-p", "ipllvm.tests.plugin.without_easyvqa")
    arguments = properties(*plugins, "-k", "invariance", f"--model={checkpoints[0]}", *chosen, *SMALL)
    return session(tmp_path_factory.mktemp("failures"), *arguments)


def test_what_could_not_be_measured_ends_with_status_7(failures: Session) -> None:
    assert failures.status == 7
    assert "Traceback" not in failures.output
    assert "5 errors, 1 undecided" in failures.lines[-1]


@pytest.mark.parametrize(
    "reason",
    [
        "benchmark 'moon' needs the package moon: pip install moon",
        "benchmark 'easyvqa' needs the package easy-vqa: pip install easy-vqa",
        "--samples 8: 'few' has 3 samples",
    ],
)
def test_what_is_missing_is_told_in_one_line(failures: Session, reason: str) -> None:
    assert reason in failures.lines
    assert reason in [lost["reason"] for lost in failures.report()["not_measured"]]


@pytest.mark.parametrize(
    ("benchmark", "error"),
    [
        ("undecodable", "OSError: image 'broken.png' can't be decoded: no known image format"),
        ("raising", "ValueError: the prompt holds '<image>' 2 times, must be once"),
    ],
)
def test_a_sample_that_fails_is_an_error_and_no_wrong_answer(
    failures: Session, benchmark: str, error: str
) -> None:
    (row,) = [row for row in failures.report()["results"] if row["benchmark"] == benchmark]
    assert row["outcome"] == "error"
    assert [(entry["sample"], entry["error"].startswith(error)) for entry in row["errors"]] == [
        (FAILING, True)
    ]
    assert {(found["n"], found["n_error"]) for found in row["estimates"].values()} == {(7, 1)}
    assert error in failures.output
    assert f"1 of 8 samples failed, first {FAILING}" in row["verdict"]["reason"]


def test_ctrl_c_reports_what_was_measured(checkpoints: tuple[Path, Path], tmp_path: Path) -> None:
    chosen = [f"--benchmark={name}" for name in ("small", "interrupted", "few")]
    plugins = (*HAUNTED, *PINNED)
    arguments = properties(*plugins, "-k", "invariance", f"--model={checkpoints[0]}", *chosen, *SMALL)
    done = session(tmp_path, *arguments, "--batch-size=2")
    report = done.report()
    assert (done.status, report["run"]["exit_status"], report["run"]["partial"]) == (2, 2, True)
    assert [(row["benchmark"], row["partial"]) for row in report["results"]] == [
        ("small", False),
        ("interrupted", True),
    ]
    assert report["results"][1]["verdict"]["reason"] == "stopped after 16 of 32 trials"
    assert report["results"][1]["estimates"]["performance_drop"]["n"] == 4
    assert any("stopped early" in line for line in done.lines)


def test_a_full_disk_ends_the_run_with_what_was_measured(tmp_path: Path) -> None:
    """Stands in for a full disk: no file of outcomes may have more than a few pages."""
    (tmp_path / "full.py").write_text(FULL, encoding="utf-8")
    planted = ("--benchmark=planted", "--model=planted:invariant", "--samples=300", "--batch-size=8")
    chosen = ("-p", "full", "-k", "invariance or image_use", *planted)
    done = session(tmp_path, *properties(*chosen, "--device=cpu"))
    report = done.report()
    assert (done.status, report["run"]["partial"]) == (2, True)
    assert any("the disk is full" in line for line in done.lines)
    (row,) = report["results"]
    assert row["partial"] and 0 < row["estimates"]["clean"]["n"] < 300


@pytest.mark.slow  # in the fast tier models without weights are: test_workers.py
def test_two_models_on_two_workers(checkpoints: tuple[Path, Path], tmp_path: Path) -> None:
    models = [f"--model={folder}" for folder in checkpoints]
    chosen = ("-k", "invariance or identity", "--benchmark=small", *SMALL)
    arguments = properties(*HAUNTED, "-n2", *models, *chosen)
    done = session(tmp_path, *arguments, HAUNTED_LOG=str(tmp_path))
    journal = Journal.read(tmp_path)
    assert done.status == 0
    assert sorted(model for _, model in journal.loads()) == ["first", "second"]
    assert [len(journal.workers_of(folder.name)) for folder in checkpoints] == [1, 1]
    assert len(journal.ran()) == 2 * 3
    assert sorted(row["model"] for row in done.report()["results"]) == ["first", "second"]
