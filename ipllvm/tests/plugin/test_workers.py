"""Sessions with several workers: one report, each model loaded once, threads shared out."""

from pathlib import Path

import pytest

from ipllvm.session.threads import cpus
from ipllvm.tests.plugin.journal import Journal
from ipllvm.tests.plugin.sessions import Session, fresh, session, suite

SHARE = max(1, cpus() // 2)
WATCHED = ("-p", "ipllvm.tests.plugin.pretended", "-p", "ipllvm.tests.plugin.haunted", "-pno:cacheprovider")


def watched(folder: Path, models: int, *arguments: str) -> tuple[Session, Journal]:
    """A session of models without weights, and what its workers wrote down."""
    suite(folder, "suite_workers")
    names = [f"m{number}" for number in range(models)]
    for name in names:
        (folder / name).mkdir()
    chosen = [f"--model={folder / name}" for name in names]
    start = session if arguments[0].startswith("-n") else fresh  # of itself, where it measures by itself
    done = start(folder, *WATCHED, *chosen, *arguments, HAUNTED_LOG=str(folder))
    return done, Journal.read(folder)


def test_with_fewer_models_than_workers_each_worker_loads_its_own(tmp_path: Path) -> None:
    done, journal = watched(tmp_path, 1, "-n2")
    assert done.status == 0
    assert journal.workers_of("m0") == {"gw0", "gw1"}
    assert sorted(journal.loads()) == [("gw0", "m0"), ("gw1", "m0")]
    assert journal.threads() == {SHARE}


def test_with_enough_models_each_stays_on_one_worker(tmp_path: Path) -> None:
    done, journal = watched(tmp_path, 3, "-n2")
    assert done.status == 0
    assert len(journal.ran()) == 18
    assert [len(journal.workers_of(f"m{number}")) for number in range(3)] == [1, 1, 1]
    assert sorted(model for _, model in journal.loads()) == ["m0", "m1", "m2"]
    assert {worker for worker, _ in journal.ran()} == {"gw0", "gw1"}


def test_one_after_another_each_model_is_loaded_once(tmp_path: Path) -> None:
    done, journal = watched(tmp_path, 3, "-p", "no:xdist")
    assert done.status == 0
    assert journal.loads() == [("main", "m0"), ("main", "m1"), ("main", "m2")]
    assert journal.threads() == {0}, "without workers torch keeps its own choice"


@pytest.mark.skipif(Path("/proc/driver/nvidia").exists(), reason="there are GPUs here")
def test_auto_is_one_worker_without_a_gpu(tmp_path: Path) -> None:
    done, journal = watched(tmp_path, 1, "-nauto")
    assert "created: 1/1 worker" in done.output
    assert journal.loads() == [("gw0", "m0")]


@pytest.mark.slow  # the scheduler that it comes to: session/test_scheduling.py
def test_another_way_to_distribute_is_left_alone(tmp_path: Path) -> None:
    done, journal = watched(tmp_path, 3, "-n2", "--dist=loadfile")
    assert done.status == 0
    assert len({worker for worker, _ in journal.ran()}) == 1


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = suite(tmp_path_factory.mktemp("shared"), "suite_outcomes")
    return session(folder, "--benchmark=scenes", "-n2", "-rA", "--junitxml=junit.xml")


def test_workers_give_one_report_and_the_same_outcomes(shared: Session, outcomes: Session) -> None:
    def results(done: Session) -> dict[str, str]:
        return {row["test"]: row["outcome"] for row in done.report()["results"]}

    def lost(done: Session) -> dict[str, str]:
        return {row["test"]: row["reason"] for row in done.report()["not_measured"]}

    assert shared.status == outcomes.status == 1
    assert results(shared) == results(outcomes)
    assert lost(shared) == lost(outcomes)
    assert "2 failed, 3 passed, 1 skipped, 4 errors, 1 undecided" in shared.lines[-1]


def test_metrics_travel_from_workers_into_junit(shared: Session) -> None:
    junit = (shared.folder / "junit.xml").read_text(encoding="utf-8")
    drops = [junit.count(f'name="performance_drop" value="{drop}"') for drop in (0.4, 19.3)]
    assert drops == [2, 1]
    assert "UNDECIDED: [1.0, 3.0] does not settle it" in junit


def test_what_workers_say_is_drawn_and_counts_as_no_test(tmp_path: Path) -> None:
    folder = suite(tmp_path, "suite_talking")
    done = session(folder, "-n2")
    said = [line for line in done.lines if " of 4 trials" in line]
    workers, tests = zip(*(line.partition(":")[0].split(" ", 1) for line in said), strict=True)
    assert sorted(workers) == ["gw0", "gw1"] and sorted(tests) == ["0 on b", "1 on b"]
    assert all("4 of 4 trials" in line for line in said)
    assert "2 passed" in done.lines[-1] and done.status == 0
    assert not [line for line in session(folder, "-n1", "-q").lines if "trials" in line]
