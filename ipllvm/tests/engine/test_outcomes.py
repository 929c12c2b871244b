"""The store while it is used: files that go, that are damaged, that hold no more, and any seed."""

import errno
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from ipllvm.engine.store import maintenance
from ipllvm.engine.store.outcome_file import OutcomeFile
from ipllvm.engine.store.outcomes import Store, refusal
from ipllvm.errors import IpllvmError, StoreFailed, StoreFull, UsageError
from ipllvm.records import Response, Trial
from ipllvm.tests.engine.outcomes import batch, context, trials

SOME, MORE = batch(trials(40)), batch(trials(60))


def failure(code: int, name: str = "SQLITE_ERROR") -> sqlite3.Error:
    """As SQLite raises it."""
    error = sqlite3.OperationalError("it says why")
    error.sqlite_errorcode, error.sqlite_errorname = code, name
    return error


def test_what_was_merged_away_while_its_file_was_closed_is_read_from_the_new_one(tmp_path: Path) -> None:
    store = Store(tmp_path)
    view = store.view(context())
    view.update(SOME)
    store.close()
    Store(tmp_path).view(context(dtype="bfloat16")).update(SOME)
    assert maintenance.merge(tmp_path).sources == 2
    assert {trial: view[trial] for trial in SOME} == SOME


def test_outcomes_that_are_asked_for_in_another_order_are_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eighteen trials a sample are written batch by batch and scored kind by kind."""
    many = batch(trials(64 * 40))
    Store(tmp_path).view(context()).update(many)
    read, block = [], OutcomeFile._block

    def counted(file: OutcomeFile, first: int) -> Any:
        read.append(first)
        return block(file, first)

    monkeypatch.setattr(OutcomeFile, "_block", counted)
    found, names = Store(tmp_path).view(context()), list(many)
    assert all(found[trial] == many[trial] for start in range(18) for trial in names[start::18])
    assert len(read) == len(set(read)) == 64 * 40 // 64 + 1


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (failure(sqlite3.SQLITE_FULL), StoreFull, "the disk is full"),
        (failure(sqlite3.SQLITE_FULL | 7 << 8), StoreFull, "the disk is full"),
        (failure(sqlite3.SQLITE_IOERR, "SQLITE_IOERR_WRITE"), StoreFailed, "SQLITE_IOERR_WRITE"),
        (failure(sqlite3.SQLITE_READONLY), UsageError, "name another folder by IPLLVM_STORE"),
        (sqlite3.OperationalError("no code"), UsageError, "name another folder by IPLLVM_STORE"),
        (OSError(errno.ENOSPC, "no space"), StoreFull, "the disk is full"),
        (OSError(errno.EDQUOT, "over quota"), StoreFull, "the disk is full"),
        (OSError(errno.EACCES, "not allowed"), UsageError, "name another folder by IPLLVM_STORE"),
    ],
)
def test_why_outcomes_cannot_be_written_is_said_with_what_to_do(
    error: OSError | sqlite3.Error, kind: type[IpllvmError], words: str
) -> None:
    found = refusal(Path("reports/outcomes"), error)
    assert type(found) is kind and words in str(found) and str(found).startswith("reports/outcomes: ")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (failure(sqlite3.SQLITE_CORRUPT), None),
        (failure(sqlite3.SQLITE_NOTADB), None),
        (failure(sqlite3.SQLITE_FULL), StoreFull),
        (failure(sqlite3.SQLITE_IOERR), StoreFailed),
    ],
)
def test_a_damaged_file_is_left_for_another_and_a_full_disk_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: sqlite3.Error, told: type[IpllvmError] | None
) -> None:
    store = Store(tmp_path)
    view = store.view(context())
    view.update(SOME)
    add, waiting = OutcomeFile.add, [error]

    def once(file: OutcomeFile, *batch: Any) -> dict[Trial, int]:
        if waiting:
            raise waiting.pop()
        return add(file, *batch)

    monkeypatch.setattr(OutcomeFile, "add", once)
    new = {trial: response for trial, response in MORE.items() if trial not in SOME}
    if told is None:
        view.update(new)
        assert {trial: view[trial] for trial in MORE} == MORE and len(maintenance.files(tmp_path)) == 2
    else:
        with pytest.raises(told):
            view.update(new)
        assert len(maintenance.files(tmp_path)) == 1


@pytest.mark.parametrize("seed", [0, 2**63 - 1, 2**63, 2**64 - 1, 2**200])
def test_any_seed_comes_back(tmp_path: Path, seed: int) -> None:
    """SQLite's integers end at 2**63 - 1."""
    outcomes = {Trial("s", "clean", 0, seed=seed): Response("yes")}
    store = Store(tmp_path)
    store.view(context()).update(outcomes)
    store.close()
    assert dict(Store(tmp_path).view(context())) == outcomes
