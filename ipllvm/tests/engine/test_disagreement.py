"""Two files that disagree: told, and neither is used. Outcomes of other runs are counted."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from ipllvm.commands import store as command
from ipllvm.engine.store import maintenance
from ipllvm.engine.store.integrity import disagreements
from ipllvm.engine.store.outcome_row import answer
from ipllvm.engine.store.outcomes import Store
from ipllvm.records import Response, Trial
from ipllvm.tests.engine.outcomes import context

CONTEXT = context()

TRIALS = [Trial(f"s{i}", "clean", 0) for i in range(200)]
FIRST, SECOND = "2026-11-25T09-01-51Z", "2026-11-26T10-00-00Z"


def measured(folder: Path, run: str = FIRST) -> Path:
    """A folder with the outcomes of a run, right ones; the file."""
    store = Store(folder, run=run)
    store.view(CONTEXT).update({trial: Response(f"right {trial.sample}", (5, 6)) for trial in TRIALS})
    store.close()
    (path,) = folder.glob(f"{run}*.sqlite")
    return path


def forge(path: Path, *places: int, created: float = 1.0) -> None:
    """Give some outcomes other answers, with right checksums, and an older date."""
    with sqlite3.connect(path) as connection:
        for id, key in connection.execute("SELECT id, key FROM outcomes").fetchall():
            if id - 1 in places:
                cells = answer(key, created, Response("forged", (9,)))
                change = "UPDATE outcomes SET created=?, text=?, tokens=?, options=?, checksum=? WHERE id=?"
                connection.execute(change, (*cells, id))
    connection.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = measured(tmp_path / "outcomes")
    forged = shutil.copy(path, path.with_name("a-forged.sqlite"))
    forge(Path(forged), 0, 7, 199)
    return path.parent


def test_neither_is_used_and_what_agrees_is(folder: Path) -> None:
    store = Store(folder, run=SECOND)
    view = store.view(CONTEXT)
    assert {trial.sample for trial in TRIALS if trial not in view} == {"s0", "s7", "s199"}
    assert all(view[trial].text.startswith("right") for trial in view)
    (line,) = store.warnings
    assert "3 outcomes" in line and "a-forged.sqlite" in line and "measured again" in line
    store.close()


def test_what_is_measured_again_counts_for_this_run_and_is_told_in_the_next(folder: Path) -> None:
    store = Store(folder, run=SECOND)
    view = store.view(CONTEXT)
    view.update({trial: Response("again", (7,)) for trial in TRIALS if trial not in view})
    assert store.view(CONTEXT)[TRIALS[7]].text == "again"
    assert view.origins(TRIALS).total() == 197
    store.close()
    later = Store(folder, run="2026-11-27T10-00-00Z")
    assert TRIALS[7] not in later.view(CONTEXT) and later.warnings
    later.close()


def test_outcomes_of_other_runs_are_counted_by_run(tmp_path: Path) -> None:
    measured(tmp_path)
    store = Store(tmp_path, run=SECOND)
    view = store.view(CONTEXT)
    view.update({Trial("new", "clean", 0): Response("x", (1,))})
    assert view.origins([*TRIALS, Trial("new", "clean", 0), Trial("none", "clean", 0)]) == {FIRST: 200}
    store.close()


def test_the_same_answer_twice_is_no_disagreement(tmp_path: Path) -> None:
    measured(tmp_path)
    measured(tmp_path, SECOND)
    store = Store(tmp_path)
    assert len(store.view(CONTEXT)) == 200 and not store.warnings
    assert disagreements(sorted(tmp_path.glob("*.sqlite"))) == []
    store.close()


def test_verify_names_the_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.check(folder) == 1
    told = capsys.readouterr().out
    assert "disagree on 3 outcomes, the first of sample s0" in told and "1 pairs of files disagree" in told


def test_merging_leaves_out_what_files_disagree_on(folder: Path) -> None:
    merged = maintenance.merge(folder)
    assert merged.outcomes == 197 and "3 outcomes that files disagree on" in merged.notes[0]
    store = Store(folder)
    view = store.view(CONTEXT)
    assert len(view) == 197 and all(view[trial].text.startswith("right") for trial in view)
    store.close()


def test_another_context_is_no_disagreement(tmp_path: Path) -> None:
    measured(tmp_path)
    other = context(model="0" * 64)
    store = Store(tmp_path, run=SECOND)
    store.view(other).update({TRIALS[0]: Response("other", (1,))})
    store.close()
    assert disagreements(sorted(tmp_path.glob("*.sqlite"))) == []
