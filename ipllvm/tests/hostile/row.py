"""A row of the table of bad inputs: what is done with them, and how it has to end.

To add one, put a `Row` into the module of its kind. `make` puts the input into the folder where the
command is run; `words` are those behind `ipllvm`.
"""

import hashlib
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ipllvm.tests import forks
from ipllvm.tests.commands.processes import environment

CRASH = re.compile(
    r"Traceback \(most recent call last\)|INTERNALERROR|^\S+\.py:\d+: \w*(Error|Exception)", re.M
)
STYLE = re.compile("\x1b\\[[0-9;]*[mK]")
COMMAND = re.compile(r"^\s*::|##(vso)?\[", re.I)
MEMORY = 3 << 30
QUIET = ("-Wignore:Module already imported",)
"""For what the forks have imported before pytest could look at it."""
PRECIOUS = "precious\n" * 100


def nothing(folder: Path) -> None:
    """The input is in the words alone."""


@dataclass(frozen=True, slots=True)
class Row:
    """A bad input; `line` is part of the one line that says what is wrong, `status` one or several that fit.

    `fast` puts it into `make test`. `lines` is the most that may be printed. Within `seconds`, and within
    `MEMORY` bytes more than the imports take.
    """

    name: str
    words: tuple[str, ...]
    status: int | tuple[int, ...]
    line: str
    make: Callable[[Path], object] = nothing
    fast: bool = False
    lines: int = 60
    seconds: float = 60.0
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command has ended; without a status it was still running."""

    status: int | None
    output: str
    seconds: float
    harmed: tuple[str, ...] = ()


def run(row: Row, folder: Path) -> Ended:
    """Run a row in a folder of its own beside a user's file, with limits of time and memory."""
    work = folder / "work"
    work.mkdir(parents=True)
    (folder / "victim").write_text(PRECIOUS)
    row.make(work)
    before = _around(folder)
    began = time.monotonic()
    usual = {"HOME": str(work), "HF_HUB_OFFLINE": "1", "COLUMNS": "200", "IPLLVM_STORE": ""}
    usual.update(row.variables)
    words = [*row.words, *(QUIET if row.words[0] in ("check", "audit") else ())]
    started = forks.Command("ipllvm", words, work, environment(**usual), row.seconds, MEMORY, drawn=True)
    try:
        status, output = started.end()
    except TimeoutError as error:
        return Ended(None, str(error), time.monotonic() - began)
    after = _around(folder)
    harmed = tuple(
        sorted(str(path) for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    )
    return Ended(status, output, time.monotonic() - began, harmed)


def faults(row: Row, ended: Ended) -> list[str]:
    """What is wrong with how a row has ended; nothing where it is as it has to be."""
    if ended.status is None:
        return [f"a hang: not done after {row.seconds:g} s"]
    found = [f"a file of the user was changed: {name}" for name in ended.harmed]
    wanted = row.status if isinstance(row.status, tuple) else (row.status,)
    if ended.status not in wanted:
        found.append(f"status {ended.status} in place of {row.status}")
    if CRASH.search(ended.output):
        found.append("a traceback")
    lines = [line for line in STYLE.sub("", ended.output).splitlines() if line.strip()]
    if not any(row.line in line for line in lines):
        found.append(f"no line says {row.line!r}")
    if len(lines) > row.lines:
        found.append(f"{len(lines)} lines, more than {row.lines}")
    if any(COMMAND.search(line) for line in lines):
        found.append("a command for a CI log")
    if not all(c.isprintable() or c in "\n\r\t" for c in STYLE.sub("", ended.output)):
        found.append("unprintable characters")
    return found


def _around(folder: Path) -> dict[str, str]:
    """The files beside the one where the command is run, by content."""
    found = {}
    for place, folders, files in os.walk(folder):
        if Path(place) == folder:
            folders.remove("work")
        for name in files:
            path = Path(place, name)
            found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
