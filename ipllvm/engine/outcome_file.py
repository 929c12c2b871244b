"""One SQLite file of outcomes, written by one process and read by all.

A rollback journal, not a write-ahead log: WAL needs shared memory, which network file systems do
not have. A commit is whole after `kill -9`; at least one commit a second is also flushed to the
disk, so that a power cut costs little.
"""

import json
import os
import re
import secrets
import socket
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from ipllvm.engine.context import Context, key
from ipllvm.records import Response, Trial

SUFFIX = ".sqlite"
SCHEMA = 1
LOCK_SECONDS = 60.0
BUSY_SECONDS = 5
FLUSH_SECONDS = 1.0
TABLES = """
CREATE TABLE contexts (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, fields TEXT NOT NULL);
CREATE TABLE outcomes (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, context INTEGER NOT NULL REFERENCES contexts,
    sample TEXT NOT NULL, perturbation TEXT NOT NULL, draw INTEGER NOT NULL, seed NOT NULL,
    created REAL NOT NULL, text TEXT NOT NULL, tokens TEXT NOT NULL, options TEXT NOT NULL);
CREATE TABLE errors (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL, context INTEGER NOT NULL REFERENCES contexts,
    sample TEXT NOT NULL, perturbation TEXT NOT NULL, draw INTEGER NOT NULL, seed NOT NULL,
    created REAL NOT NULL, traceback TEXT NOT NULL, UNIQUE (key, created));
"""
OUTCOME = "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
ERROR = "INSERT OR IGNORE INTO errors VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)"
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_ENCODER = json.JSONEncoder(separators=(",", ":"))

Cell = str | bytes | int | float


class Damaged(Exception):
    """The file is no database, or not whole."""


class Newer(Exception):
    """The file was written by a newer ipllvm."""


class Unreadable(Exception):
    """The file is gone, or can't be read here and now."""


class Place(NamedTuple):
    """Where a file keeps the outcome of a trial."""

    id: int
    trial: Trial


class OutcomeFile:
    """The outcomes, contexts and errors in one file; raises Damaged, Newer or Unreadable when read."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._last = 0
        self._flushed = float("-inf")

    @classmethod
    def create(cls, folder: Path) -> "OutcomeFile":
        """A new file of this process; raises sqlite3.Error where it can't be written."""
        return cls.at(folder / new_name())

    @classmethod
    def at(cls, path: Path) -> "OutcomeFile":
        """A new, empty file; nothing is seen of it before its tables are whole."""
        made = cls(path, _connect(path, "rwc"))
        with made.transaction():
            for statement in TABLES.split(";"):
                made._connection.execute(statement)
            made._connection.execute(f"PRAGMA user_version = {SCHEMA}")
        return made

    @classmethod
    def open(cls, path: Path) -> "OutcomeFile":
        """A file to read, of whatever process; what a killed one left half written is rolled back."""
        with reading(path):
            opened = cls(path, _connect(path, "rw"))
            try:
                opened._connection.execute("PRAGMA query_only = ON")
                opened._check()
            except BaseException:
                opened.close()
                raise
        return opened

    def _check(self) -> None:
        (schema,) = self._connection.execute("PRAGMA user_version").fetchone()
        if schema > SCHEMA:
            raise Newer
        tables = {name for (name,) in self._connection.execute("SELECT name FROM sqlite_schema")}
        if tables and not {"contexts", "outcomes", "errors"} <= tables:
            raise Damaged("it has other tables")

    @property
    def empty(self) -> bool:
        """True where the process that made the file has not come to its tables."""
        with reading(self.path):
            return not self._connection.execute("PRAGMA user_version").fetchone()[0]

    def began(self) -> float:
        """When the first outcome was written, in seconds of the epoch; infinity where none is."""
        found = self.rows("SELECT created FROM outcomes ORDER BY id LIMIT 1")
        return next((created for (created,) in found), float("inf"))

    def places(self, digest: str, after: int = 0) -> Iterator[Place]:
        """The outcomes of a context whose ids are greater than `after`, oldest first."""
        known = list(self.rows("SELECT id FROM contexts WHERE digest = ?", (digest,)))
        columns = "SELECT id, sample, perturbation, draw, seed FROM outcomes"
        rows = self.rows(f"{columns} WHERE context = ? AND id > ?", (*known[0], after)) if known else ()
        names: dict[Cell, str] = {}
        for number, sample, perturbation, draw, seed in rows:
            named = [names.setdefault(n, plain(n)) for n in (sample, perturbation)]
            yield Place(number, Trial(named[0], named[1], draw, int(seed)))

    def response(self, number: int) -> Response:
        """The outcome of that id."""
        with reading(self.path):
            query = "SELECT text, tokens, options FROM outcomes WHERE id = ?"
            row = self._connection.execute(query, (number,)).fetchone()
            if row is None:
                raise Unreadable("an outcome is gone")
            text, tokens, options = row
            return Response(plain(text), _numbers(tokens), None, _numbers(options))

    def rows(self, query: str, values: tuple[Cell, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query; none where the file is still empty."""
        if self.empty:
            return
        with reading(self.path):
            yield from self._connection.execute(query, values)

    def contexts(self) -> dict[int, Context]:
        """The contexts by their id in this file."""
        found = self.rows("SELECT id, fields FROM contexts")
        with reading(self.path):
            return {number: Context.from_row(json.loads(fields)) for number, fields in found}

    def add(self, context: Context, batch: Mapping[Trial, Response]) -> dict[Trial, int]:
        """Write a batch in one transaction; the ids of the outcomes.

        Raises sqlite3.Error, and Unreadable where the file was merged into another; nothing is
        written then.
        """
        digest, now = context.digest(), time.time()
        good = {trial: response for trial, response in batch.items() if response.error is None}
        places = {trial: self._last + n for n, trial in enumerate(good, 1)}
        with self.transaction():
            if not self.path.exists():
                raise Unreadable("merged into another file")
            number = self.context(digest, context)
            self._connection.executemany(
                OUTCOME,
                ((places[t], key(digest, t), number, *_columns(t), now, *_cells(good[t])) for t in good),
            )
            self._connection.executemany(
                ERROR,
                (
                    (key(digest, t), number, *_columns(t), now, _storable(r.error))
                    for t, r in batch.items()
                    if r.error is not None
                ),
            )
        self._last += len(places)
        return places

    def insert(self, statement: str, rows: Iterable[tuple[Cell, ...]]) -> int:
        """Add rows inside a transaction; how many were new."""
        before = self._connection.total_changes
        self._connection.executemany(statement, rows)
        return self._connection.total_changes - before

    def context(self, digest: str, context: Context) -> int:
        """The id of a context in this file, added where it is new; inside a transaction."""
        added = "INSERT OR IGNORE INTO contexts (digest, fields) VALUES (?, ?)"
        self._connection.execute(added, (digest, json.dumps(context.as_row(), sort_keys=True)))
        query = "SELECT id FROM contexts WHERE digest = ?"
        number: int = self._connection.execute(query, (digest,)).fetchone()[0]
        return number

    @contextmanager
    def transaction(self, *, flush: bool = False) -> Iterator[None]:
        """All or nothing; flushed to the disk if asked for, or if the last flush is a second ago."""
        flush = flush or time.monotonic() - self._flushed > FLUSH_SECONDS
        self._connection.execute(f"PRAGMA synchronous = {'FULL' if flush else 'OFF'}")
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise
        if flush:
            self._flushed = time.monotonic()

    def lock(self) -> None:
        """Keep every other process from reading and writing until `close`; raises Unreadable."""
        with reading(self.path):
            self._connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
            self._connection.execute("PRAGMA query_only = OFF")
            self._connection.execute("BEGIN EXCLUSIVE")

    def integrity(self) -> str:
        """What SQLite finds wrong with the file, in one line; "ok" where nothing is."""
        with reading(self.path):
            return "; ".join(line for (line,) in self._connection.execute("PRAGMA integrity_check(3)"))

    def close(self) -> None:
        """Give the file back; may be called twice."""
        with suppress(sqlite3.Error):
            self._connection.close()


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns what SQLite says of a file that is read into Damaged or Unreadable."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _DAMAGED or (code == sqlite3.SQLITE_ERROR and path.exists()):
            raise Damaged(str(error)) from error
        raise Unreadable(str(error)) from error
    except (ValueError, TypeError) as error:
        raise Damaged(f"a row can't be read: {error}") from error


def new_name() -> str:
    """`<host>-<pid>-<random>.sqlite`: no two processes ever make the same one."""
    host = re.sub(r"[^\w.-]", "_", socket.gethostname(), flags=re.ASCII)[:40]
    return f"{host}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
    return sqlite3.connect(uri, timeout=LOCK_SECONDS, isolation_level=None, uri=True)


def _columns(trial: Trial) -> tuple[Cell, ...]:
    seed = trial.seed if trial.seed < 1 << 63 else str(trial.seed)
    return _storable(trial.sample), _storable(trial.perturbation), trial.draw, seed


def _cells(response: Response) -> tuple[Cell, ...]:
    return _storable(response.text), _ENCODER.encode(response.tokens), _ENCODER.encode(response.options)


def _storable(text: str) -> str | bytes:
    """Text as it is; as bytes where a lone surrogate keeps it from being UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def plain(cell: str | bytes) -> str:
    """The text of a cell, lone surrogates included."""
    return cell if isinstance(cell, str) else cell.decode("utf-8", "surrogatepass")


def _numbers(cell: str) -> tuple[Any, ...]:
    return tuple(json.loads(cell))
