"""A file of outcomes before SQLite may touch it: what somebody else hands on can be a trap.

SQLite trusts what lies beside a database. A journal is played back into it, and one that names another
file (a super-journal, which this project never writes) lets SQLite delete that file. A log that is
written ahead makes files beside it; views, triggers and virtual tables run what they hold.
"""

import os
import sqlite3
import stat
from contextlib import suppress
from pathlib import Path

from ipllvm.engine.store.schema import TABLES

MAGIC = bytes.fromhex("d9d505f920a163d7")
"""With this a journal begins, and ends where it names a super-journal."""
HEADER = 100
BYTES = 1 << 36
"""The largest file, 64 GiB; a million outcomes take a quarter of one."""
CELL_BYTES = 1 << 24
STEPS = 10_000
"""Instructions of SQLite between two looks at how many there were."""
BASE, PER_BYTE = 1 << 21, 4
"""Instructions that a statement may take, whatever the file and for each of its bytes; a row, of sixty bytes
and more, takes about ten.
"""


class Trap(Exception):
    """The file is not to be opened; the message says why."""


def journal(path: Path) -> Path:
    """Where SQLite keeps what undoes an unfinished transaction."""
    return path.with_name(f"{path.name}-journal")


def mode(path: Path) -> str:
    """How SQLite may open `path`: `ro`, or `rw` where a process was killed and its journal has to be undone.

    Raises Trap, and OSError where it can't be read.
    """
    head = _head(path)
    if head and head[18:20] != b"\1\1":
        raise Trap("it is written ahead, which ipllvm never does")
    try:
        tail = _journal(journal(path), path.stat().st_size)
    except FileNotFoundError:
        return "ro"
    return "rw" if tail else "ro"


class Work:
    """Lets a statement cost only as much as a file of its size can need.

    A tree of pages that share their children has more rows than any disk.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._left = 0
        self.begin()
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, CELL_BYTES)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.set_progress_handler(self._count, STEPS)

    def begin(self) -> None:
        """A statement begins."""
        with suppress(OSError):
            self._left = BASE + PER_BYTE * self._path.stat().st_size

    def _count(self) -> int:
        """Nonzero interrupts the statement."""
        self._left -= STEPS
        return int(self._left < 0)


def check_schema(connection: sqlite3.Connection) -> None:
    """Raises Trap unless the file holds the tables of outcomes and indices alone, or nothing yet."""
    found = connection.execute("SELECT type, name FROM sqlite_schema").fetchall()
    if not found:
        return
    if others := sorted({kind for kind, _ in found} - {"table", "index"}):
        raise Trap(f"it holds a {others[0]}")
    tables = {name for kind, name in found if kind == "table"}
    if tables != set(TABLES):
        raise Trap("it has other tables")
    for name in sorted(tables):
        columns = connection.execute(f"PRAGMA table_xinfo({name})").fetchall()
        if not columns or any(hidden for *_, hidden in columns):
            raise Trap(f"the columns of {name} are computed")


def _head(path: Path) -> bytes:
    about = path.lstat()
    if not stat.S_ISREG(about.st_mode):
        raise Trap("it is not a regular file")
    if about.st_size > BYTES:
        raise Trap(f"it has {about.st_size:,} bytes, more than {BYTES:,}")
    with path.open("rb") as file:
        return file.read(HEADER)


def _journal(path: Path, size: int) -> bytes:
    """The beginning of a journal that may be undone in a file of `size` bytes; empty where there is none."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise Trap("its journal is not a regular file")
    with path.open("rb") as file:
        head = file.read(28)
        file.seek(max(0, os.fstat(file.fileno()).st_size - len(MAGIC)))
        if file.read() == MAGIC:
            raise Trap("its journal names another file, which SQLite would delete")
    if head[:8] != MAGIC:
        return b""
    pages, sector, page = (int.from_bytes(head[at : at + 4]) for at in (16, 20, 24))
    if pages * page > max(size, page) or not 512 <= page <= 65536 or not 32 <= sector <= 65536:
        raise Trap("its journal is not that of this file")
    return head
