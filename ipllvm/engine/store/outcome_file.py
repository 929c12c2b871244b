"""One SQLite file of outcomes, written by one process and read by all.

A rollback journal, not a write-ahead log: WAL needs shared memory, which network file systems do
not have. A commit is whole after `kill -9`. One commit a second is also flushed to the disk, which
is every commit of a large model. To flush all those of a fast one would cost nine tenths of its rate:
a power cut may damage the file that it writes, so that it begins another every five minutes, after
which the one before is on the disk for good. Damage shows, to SQLite or by the checksum of a row.
"""

import json
import os
import re
import secrets
import socket
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from ipllvm.engine.context import Context, key
from ipllvm.engine.store import inspection, outcome_row, schema
from ipllvm.engine.store.outcome_row import Cell, plain
from ipllvm.errors import UsageError
from ipllvm.records import Response, Trial
from ipllvm.safety.reading import json_value

SUFFIX = ".sqlite"
_RUN = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(?:-\d{3}[0-9a-f]{3}(?=-))?)-")
LOCK_SECONDS = 60.0
BUSY_SECONDS = 5
FLUSH_SECONDS = 1.0
SEAL_SECONDS = 300.0
BLOCK = 64
BLOCKS = 256
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_TOOBIG}
_ERRORS = {0, sqlite3.SQLITE_ERROR}
"""What SQLite and its Python module say of a file that is there and of what is in it."""


class Damaged(Exception):
    """The file is no database, or not whole."""


class Newer(Exception):
    """The file was written by a newer ipllvm."""


class Unreadable(Exception):
    """The file is gone, or can't be read here and now."""


class StoredPlace(NamedTuple):
    """Where a file keeps the outcome of a trial."""

    id: int
    trial: Trial


class OutcomeFile:
    """The outcomes, contexts and errors in one file; raises Damaged, Newer or Unreadable when read."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._last = 0
        self._work: inspection.Work | None = None
        self._schema = 0
        self._blocks: dict[int, dict[int, tuple[bytes, Response]]] = {}
        self._began = time.monotonic()
        self._flushed = float("-inf")

    @classmethod
    def create(cls, folder: Path, run: str = "") -> "OutcomeFile":
        """A new file of this process, in that run; raises sqlite3.Error where it can't be written."""
        return cls.at(folder / new_name(run))

    @classmethod
    def at(cls, path: Path, more: str = "") -> "OutcomeFile":
        """A new, empty file, with `more` beside its tables; nothing is seen of it before these are whole."""
        made = cls(path, _connect(path, "rwc"))
        with made.transaction():
            for statement in (schema.create() + more).split(";"):
                made._connection.execute(statement)
            made._connection.execute(f"PRAGMA user_version = {schema.SCHEMA}")
        return made

    @classmethod
    def open(cls, path: Path, *, write: bool = False) -> "OutcomeFile":
        """A file to read, of whatever process and whoever made it; `write` is for one that will be locked.

        What a killed process left half written is rolled back.
        """
        with reading(path):
            mode = inspection.mode(path)
            opened = cls(path, _connect(path, "rw" if write else mode))
            try:
                opened._work = inspection.Work(path, opened._connection)
                opened._connection.execute("PRAGMA query_only = ON")
                opened._check()
            except BaseException:
                opened.close()
                raise
        return opened

    def _check(self) -> None:
        if self.schema > schema.SCHEMA:
            raise Newer
        inspection.check_schema(self._connection)

    @property
    def schema(self) -> int:
        """The version of its tables; 0 where the process that made the file has not come to them."""
        if not self._schema:
            with reading(self.path):
                (self._schema,) = self._connection.execute("PRAGMA user_version").fetchone()
        return self._schema

    def select(self, table: str, *names: str) -> str:
        """The columns `names`, or all, with what stands for those that the file is too old for."""
        return schema.select(table, self.schema, *names)

    def began(self) -> float:
        """When the first outcome was written, in seconds of the epoch; infinity where none is."""
        found = self.rows("SELECT created FROM outcomes ORDER BY id LIMIT 1")
        return next((created for (created,) in found), float("inf"))

    def places(self, digest: str, after: int = 0) -> Iterator[StoredPlace]:
        """The outcomes of a context whose ids are greater than `after`, oldest first."""
        known = list(self.rows("SELECT id FROM contexts WHERE digest = ?", (digest,)))
        columns = f"SELECT id, {schema.TRIAL} FROM outcomes"
        rows = self.rows(f"{columns} WHERE context = ? AND id > ?", (*known[0], after)) if known else ()
        once: dict[Cell, str] = {}
        for number, sample, perturbation, draw, seed in rows:
            with reading(self.path):
                named = [once.setdefault(n, plain(n)) for n in (sample, perturbation)]
                trial = Trial(named[0], named[1], draw, int(seed))
            yield StoredPlace(number, trial)

    def response(self, number: int, named: bytes) -> Response:
        """The outcome of that id, whose key is `named`.

        Raises Damaged where it is not what was written, or of another trial, Unreadable without it. Its
        neighbours are read with it, since they are asked for next.
        """
        first = number - number % BLOCK
        if number not in self._blocks.get(first, ()):
            if len(self._blocks) >= BLOCKS:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[first] = self._block(first)
        if number not in self._blocks[first]:
            raise Unreadable("an outcome is gone")
        written, found = self._blocks[first][number]
        if written != named:
            raise Damaged(f"outcome {number} is of another trial than its columns say")
        return found

    def _block(self, first: int) -> dict[int, tuple[bytes, Response]]:
        found = {}
        self._begin()
        with reading(self.path):
            query = (
                f"SELECT {self.select('outcomes', 'id', 'checksum')}, {schema.ANSWER} "
                "FROM outcomes WHERE id BETWEEN ? AND ?"
            )
            for number, checksum, *cells in self._connection.execute(query, (first, first + BLOCK - 1)):
                if checksum is not None and checksum != outcome_row.checksum(*cells):
                    raise Damaged(f"outcome {number} was changed after it was written")
                found[number] = cells[0], outcome_row.response(*cells[2:])
        return found

    def rows(self, query: str, values: tuple[Cell, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query; none where the file is still empty."""
        if not self.schema:
            return
        self._begin()
        with reading(self.path):
            found = self._connection.execute(query, values)
            while (row := found.fetchone()) is not None:
                yield row

    def contexts(self) -> dict[int, Context]:
        """The contexts by their id in this file."""
        found = self.rows("SELECT id, fields FROM contexts")
        with reading(self.path):
            return {number: _context(number, fields) for number, fields in found}

    def add(self, context: Context, batch: Mapping[Trial, Response]) -> dict[Trial, int]:
        """Write a batch in one transaction; the ids of the outcomes.

        Raises sqlite3.Error, and Unreadable where the file was merged into another; nothing is
        written then.
        """
        digest, now = context.digest(), time.time()
        good = {trial: response for trial, response in batch.items() if response.error is None}
        places = dict(zip(good, count(self._last + 1)))
        with self.transaction():
            if not self.path.exists():
                raise Unreadable("merged into another file")
            number = self.context(digest, context)
            self._connection.executemany(
                schema.insert("outcomes"),
                (
                    (place, named, number, *outcome_row.names(t), *outcome_row.answer(named, now, r))
                    for place, t, r in zip(places.values(), good, good.values(), strict=True)
                    for named in (key(digest, t),)
                ),
            )
            self._connection.executemany(
                schema.insert("errors", ignore=True, numbered=False),
                (
                    (key(digest, t), number, *outcome_row.names(t), now, outcome_row.storable(r.error))
                    for t, r in batch.items()
                    if r.error is not None
                ),
            )
        self._last += len(places)
        return places

    def copy(self, path: Path) -> None:
        """Write what is committed into a new file; raises sqlite3.Error."""
        with closing(sqlite3.connect(path)) as target:
            self._connection.backup(target)

    def insert(self, statement: str, rows: Iterable[tuple[Cell, ...]]) -> int:
        """Add rows inside a transaction; how many were new."""
        before = self._connection.total_changes
        self._connection.executemany(statement, rows)
        return self._connection.total_changes - before

    def answered(self, key: bytes) -> tuple[str | bytes, str] | None:
        """Text and tokens of the outcome of that key, as they are stored; None where there is none."""
        query = "SELECT text, tokens FROM outcomes WHERE key = ?"
        found: tuple[str | bytes, str] | None = self._connection.execute(query, (key,)).fetchone()
        return found

    def remove(self, keys: Iterable[bytes]) -> None:
        """Remove the outcomes of these keys; inside a transaction."""
        self._connection.executemany("DELETE FROM outcomes WHERE key = ?", ((key,) for key in keys))

    def context(self, digest: str, context: Context) -> int:
        """The id of a context in this file, added where it is new; inside a transaction."""
        added = schema.insert("contexts", ignore=True, numbered=False)
        self._connection.execute(added, (digest, json.dumps(context.as_row(), sort_keys=True)))
        query = "SELECT id FROM contexts WHERE digest = ?"
        number: int = self._connection.execute(query, (digest,)).fetchone()[0]
        return number

    @contextmanager
    def transaction(self, *, flush: bool = False) -> Iterator[None]:
        """All or nothing; flushed to the disk if asked for, or if the last flush is a second ago."""
        flush = flush or self._flushes
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

    @property
    def _flushes(self) -> bool:
        """Whether the next commit is flushed."""
        return time.monotonic() - self._flushed > FLUSH_SECONDS

    @property
    def ripe(self) -> bool:
        """True where the next commit, which is not flushed, had better go into another file."""
        return not self._flushes and time.monotonic() - self._began > SEAL_SECONDS

    def seal(self) -> None:
        """Put on the disk what was written, and close."""
        self.close()
        flush(self.path)
        flush(self.path.parent)

    def lock(self) -> None:
        """Keep every other process from reading and writing until `close`; raises Unreadable."""
        with reading(self.path):
            self._connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
            self._connection.execute("PRAGMA query_only = OFF")
            self._connection.execute("BEGIN EXCLUSIVE")

    def integrity(self) -> str:
        """What SQLite finds wrong with the file, in one line; "ok" where nothing is."""
        self._begin()
        with reading(self.path):
            found = (line for (line,) in self._connection.execute("PRAGMA integrity_check(3)"))
            return "; ".join(" ".join(line.split()) for line in found)

    def _begin(self) -> None:
        if self._work is not None:
            self._work.begin()

    def close(self) -> None:
        """Give the file back; may be called twice."""
        with suppress(sqlite3.Error):
            self._connection.close()


def problem(trouble: Damaged | Newer | Unreadable) -> str:
    """Why a file can't be read, in a few words."""
    if isinstance(trouble, Newer):
        return "written by a newer ipllvm"
    return f"damaged: {trouble}" if isinstance(trouble, Damaged) else f"can't be read now: {trouble}"


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns what SQLite says of a file that is read: raises Damaged or Unreadable."""
    try:
        yield
    except sqlite3.Error as error:
        code = _code(error)
        if code == sqlite3.SQLITE_INTERRUPT:
            raise Damaged("to read it takes more work than a file of its size can need") from error
        if is_damage(error) or (code in _ERRORS and path.exists()):
            raise Damaged(str(error)) from error
        raise Unreadable(str(error)) from error
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error
    except inspection.Trap as trap:
        raise Damaged(str(trap)) from trap
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise Damaged(f"a row can't be read: {error}") from error


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that a file is not whole."""
    return _code(error) in _DAMAGED


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _context(number: int, fields: str) -> Context:
    try:
        return Context.from_row(json_value(fields))
    except (UsageError, ValueError, TypeError) as error:
        raise Damaged(f"context {number} can't be read: {error}") from error


def flush(path: Path) -> None:
    """Put a file, or the names in a folder, on the disk, where the system can and it is there."""
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def new_name(run: str = "") -> str:
    """`<run>-<host>-<pid>-<random>.sqlite`: no two processes ever make the same one."""
    host = re.sub(r"[^\w.-]", "_", socket.gethostname(), flags=re.ASCII)[:40]
    return f"{run}-{host}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}".removeprefix("-")


def run_of(name: str) -> str:
    """The run that wrote a file of that name; what is known of the file where it does not tell.

    >>> run_of("2026-11-26T20-19-53Z-host-7-0a1b2c3d.sqlite"), run_of("host-7-0a1b2c3d.sqlite")
    ('2026-11-26T20-19-53Z', 'unknown (host-7-0a1b2c3d.sqlite)')
    >>> run_of("2026-11-26T20-19-53Z-0451f2-host-7-0a1b2c3d.sqlite")
    '2026-11-26T20-19-53Z-0451f2'
    """
    found = _RUN.match(name)
    return found[1] if found else f"unknown ({name})"


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
    return sqlite3.connect(uri, timeout=LOCK_SECONDS, isolation_level=None, uri=True)
