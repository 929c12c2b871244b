"""Every version of the outcome files can be read, and no version changes after it was written."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ipllvm.engine.store import maintenance, schema
from ipllvm.engine.store.integrity import Verified, verify
from ipllvm.engine.store.outcomes import Store
from ipllvm.records import Response
from ipllvm.tests.engine.outcomes import batch, context, trials

CONTEXTS = "id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, fields TEXT NOT NULL"
NAMED = """id INTEGER PRIMARY KEY, key BLOB NOT NULL, context INTEGER NOT NULL REFERENCES contexts,
    sample TEXT NOT NULL, perturbation TEXT NOT NULL, draw INTEGER NOT NULL, seed NOT NULL,
    created REAL NOT NULL"""
ERRORS = f"{NAMED}, traceback TEXT NOT NULL, UNIQUE (key, created)"
FIRST = f"{NAMED}, text TEXT NOT NULL, tokens TEXT NOT NULL, options TEXT NOT NULL"
WRITTEN = {
    1: {"contexts": CONTEXTS, "outcomes": FIRST, "errors": ERRORS},
    2: {"contexts": CONTEXTS, "outcomes": f"{FIRST}, checksum INTEGER", "errors": ERRORS},
}
"""The tables of each version as they lie on people's disks: written out, never derived."""
SOME = batch(trials(4))
FAILED = {trial: Response("", error="OSError: truncated") for trial in trials(1, perturbation="other")}
EACH = pytest.mark.parametrize("version", [each.version for each in schema.MIGRATIONS])


def _file(path: Path, version: int) -> None:
    """A file of that version with an outcome for each of SOME and a failure, made by SQL alone."""
    store = Store(path.parent / "new")
    store.view(context()).update({**SOME, **FAILED})
    store.close()
    (new,) = maintenance.files(path.parent / "new")
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as made:
        made.execute("ATTACH ? AS new", (str(new),))
        for table, columns in WRITTEN[version].items():
            made.execute(f"CREATE TABLE {table} ({columns})")
            names = ", ".join(name for _, name, *_ in made.execute(f"PRAGMA main.table_info({table})"))
            made.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM new.{table}")
        made.execute(f"PRAGMA main.user_version = {version}")
    new.unlink()


def _shape(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """Columns and indices of all tables, as SQLite has them."""
    tables = sorted(schema.TABLES)
    columns = [
        (table, *row) for table in tables for row in connection.execute(f"PRAGMA table_xinfo({table})")
    ]
    indices = [(table, *row) for table in tables for row in connection.execute(f"PRAGMA index_list({table})")]
    return columns + indices


def test_versions_are_numbered_in_turn_and_say_what_is_new() -> None:
    assert [each.version for each in schema.MIGRATIONS] == list(range(1, schema.SCHEMA + 1))
    assert all(each.what for each in schema.MIGRATIONS)
    assert {table for each in schema.MIGRATIONS for table in each.adds} == set(schema.TABLES)
    assert set(WRITTEN) == {each.version for each in schema.MIGRATIONS}, "write the new tables out here"


@EACH
def test_a_version_stays_as_it_was_written(version: int) -> None:
    with closing(sqlite3.connect(":memory:")) as derived, closing(sqlite3.connect(":memory:")) as written:
        derived.executescript(schema.create(version))
        for table, columns in WRITTEN[version].items():
            written.execute(f"CREATE TABLE {table} ({columns})")
        assert _shape(derived) == _shape(written)


@EACH
def test_its_files_are_read_verified_and_counted(version: int, tmp_path: Path) -> None:
    file = tmp_path / "old.sqlite"
    _file(file, version)
    assert dict(Store(tmp_path).view(context())) == SOME
    assert verify(file) == Verified((), 0 if version > 1 else len(SOME))
    found = maintenance.content(file)
    assert (found.problem, found.outcomes.total(), found.errors.total()) == ("", len(SOME), 1)


@EACH
def test_its_files_are_merged_into_one_of_the_present_version(version: int, tmp_path: Path) -> None:
    _file(tmp_path / "old.sqlite", version)
    more = batch(trials(6))
    store = Store(tmp_path)
    store.view(context()).update(more)
    store.close()
    merged = maintenance.merge(tmp_path)
    assert merged.file is not None and not merged.notes
    assert dict(Store(tmp_path).view(context())) == more
    with closing(sqlite3.connect(merged.file)) as made:
        assert made.execute("PRAGMA user_version").fetchone() == (schema.SCHEMA,)
    found = maintenance.content(merged.file)
    assert (found.outcomes.total(), found.errors.total()) == (len(more), 1)


@EACH
def test_every_column_can_be_asked_of_its_files(version: int, tmp_path: Path) -> None:
    _file(tmp_path / "old.sqlite", version)
    with closing(sqlite3.connect(tmp_path / "old.sqlite")) as file:
        for table in schema.TABLES:
            (row, *_) = file.execute(f"SELECT {schema.select(table, version)} FROM {table}")
            assert len(row) == len(schema.columns(table))
