"""The tables of an outcome file, version by version; a column is named once, and statements follow.

A file keeps the version that it was written in. It is read and merged, and never written to once it is older.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

Part = Literal["", "trial", "answer"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name and declaration, and whether it names the trial or is of the answer.

    The checksum of an outcome covers the answer. `before` is the SQL that stands for the column in a file
    that is older than it.
    """

    name: str
    declaration: str
    part: Part = ""
    before: str = "NULL"


@dataclass(frozen=True, slots=True)
class Migration:
    """A version: what is new in it, and the columns that it adds at the end of each table."""

    version: int
    what: str
    adds: Mapping[str, tuple[Column, ...]]


_ROW = (
    Column("id", "INTEGER PRIMARY KEY"),
    Column("key", "BLOB NOT NULL", "answer"),
    Column("context", "INTEGER NOT NULL REFERENCES contexts"),
    Column("sample", "TEXT NOT NULL", "trial"),
    Column("perturbation", "TEXT NOT NULL", "trial"),
    Column("draw", "INTEGER NOT NULL", "trial"),
    Column("seed", "NOT NULL", "trial"),
    Column("created", "REAL NOT NULL", "answer"),
)
MIGRATIONS: Final = (
    Migration(
        1,
        "outcomes, what failed, and the contexts of both",
        {
            "contexts": (
                Column("id", "INTEGER PRIMARY KEY"),
                Column("digest", "TEXT NOT NULL UNIQUE"),
                Column("fields", "TEXT NOT NULL"),
            ),
            "outcomes": (
                *_ROW,
                Column("text", "TEXT NOT NULL", "answer"),
                Column("tokens", "TEXT NOT NULL", "answer"),
                Column("options", "TEXT NOT NULL", "answer"),
            ),
            "errors": (*_ROW, Column("traceback", "TEXT NOT NULL")),
        },
    ),
    Migration(
        2,
        "a checksum for each outcome: those of older files are read and count as unchecked",
        {"outcomes": (Column("checksum", "INTEGER"),)},
    ),
)
"""In order; the last is the one that is written."""
SCHEMA: Final = MIGRATIONS[-1].version
TABLES: Final = tuple(MIGRATIONS[0].adds)
_CONSTRAINTS: Final = {"errors": ("UNIQUE (key, created)",)}
ONCE: Final = "CREATE UNIQUE INDEX once ON outcomes (key);"
"""For a file that is merged from others. One that a process adds to does without: keys come in no order,
and each would be written somewhere else.
"""


def columns(table: str, version: int = SCHEMA) -> tuple[Column, ...]:
    """The columns of a table as of a version, in order."""
    return tuple(
        column for each in MIGRATIONS if each.version <= version for column in each.adds.get(table, ())
    )


def create(version: int = SCHEMA) -> str:
    """The statements that make the tables of a version, each with its semicolon.

    >>> create(1).splitlines()[0]
    'CREATE TABLE contexts (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, fields TEXT NOT NULL);'
    """
    made = ""
    for table in TABLES:
        declared = [f"{column.name} {column.declaration}" for column in columns(table, version)]
        made += f"CREATE TABLE {table} ({', '.join([*declared, *_CONSTRAINTS.get(table, ())])});\n"
    return made


@cache
def insert(table: str, *, ignore: bool = False, numbered: bool = True) -> str:
    """The statement that adds a row of the present version; without its id where it is not `numbered`.

    >>> insert("contexts", ignore=True, numbered=False)
    'INSERT OR IGNORE INTO contexts (digest, fields) VALUES (?, ?)'
    """
    names = [column.name for column in columns(table) if numbered or column.name != "id"]
    marks = ", ".join("?" * len(names))
    return f"INSERT {'OR IGNORE ' * ignore}INTO {table} ({', '.join(names)}) VALUES ({marks})"


@cache
def select(table: str, version: int, *names: str) -> str:
    """The columns `names`, or all, as a file of that version gives them: between SELECT and FROM.

    >>> select("outcomes", 1, "id", "checksum"), select("outcomes", 2, "id", "checksum")
    ('id, NULL', 'id, checksum')
    """
    there = {column.name for column in columns(table, version)}
    before = {column.name: column.before for column in columns(table)}
    return ", ".join(name if name in there else before[name] for name in names or before)


def _of(part: Part) -> str:
    return ", ".join(column.name for column in columns("outcomes") if column.part == part)


TRIAL: Final = _of("trial")
"""The columns that name a trial, in the order of its fields."""
ANSWER: Final = _of("answer")
"""The columns that a checksum covers, in its order."""
