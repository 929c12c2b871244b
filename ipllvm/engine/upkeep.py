"""Looking after a folder of outcomes: what is there, whether it is whole, and all of it in one file."""

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipllvm.engine.context import Context, key
from ipllvm.engine.outcome_file import (
    ERROR,
    OUTCOME,
    SUFFIX,
    Damaged,
    Newer,
    OutcomeFile,
    Unreadable,
    new_name,
    plain,
    reading,
)
from ipllvm.engine.store import journal, refuse, set_aside
from ipllvm.records import Trial

AT_ONCE = 200
UNFINISHED = ".merging"
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Content:
    """What is in one file: outcomes and errors by context; `problem` is why it can't be read."""

    path: Path
    size: int
    outcomes: Counter[Context]
    errors: Counter[Context]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Merged:
    """What `merge` did: the file that holds everything (None where there was nothing to do)."""

    file: Path | None
    sources: int
    outcomes: int
    notes: tuple[str, ...]


def files(folder: Path) -> list[Path]:
    """The outcome files of a folder, by name."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def content(path: Path) -> Content:
    """Count what is in a file, which is only read."""
    size = path.stat().st_size
    try:
        file = OutcomeFile.open(path)
        try:
            contexts = file.contexts()
            outcomes, errors = (_counts(file, table, contexts) for table in ("outcomes", "errors"))
        finally:
            file.close()
    except (Damaged, Newer, Unreadable) as trouble:
        return Content(path, size, Counter(), Counter(), problem(trouble))
    return Content(path, size, outcomes, errors)


def problem(trouble: Damaged | Newer | Unreadable) -> str:
    """Why a file can't be read, in a few words."""
    if isinstance(trouble, Newer):
        return "written by a newer ipllvm"
    return f"damaged: {trouble}" if isinstance(trouble, Damaged) else f"can't be read now: {trouble}"


def _counts(file: OutcomeFile, table: str, contexts: dict[int, Context]) -> Counter[Context]:
    rows = file.rows(f"SELECT context, count(*) FROM {table} GROUP BY context")
    return Counter({contexts[number]: n for number, n in rows})


def verify(path: Path) -> list[str]:
    """What is wrong with a file, which is only read: its structure, its contexts, the key of each row."""
    try:
        file = OutcomeFile.open(path)
        try:
            structure = file.integrity()
            return [structure] if structure != "ok" else [*_wrong_contexts(file), *_wrong_keys(file)]
        finally:
            file.close()
    except (Damaged, Newer, Unreadable) as trouble:
        return [problem(trouble)]


def _wrong_contexts(file: OutcomeFile) -> list[str]:
    digests = dict(file.rows("SELECT id, digest FROM contexts"))
    wrong = [n for n, context in file.contexts().items() if context.digest() != digests[n]]
    return [f"context {n}: the digest is not that of its fields" for n in wrong]


def _wrong_keys(file: OutcomeFile) -> list[str]:
    """The first rows whose key is not made of their context and trial, or whose answer can't be read."""
    digests = dict(file.rows("SELECT id, digest FROM contexts"))
    wrong = []
    for table in ("outcomes", "errors"):
        rows = file.rows(f"SELECT id, key, context, sample, perturbation, draw, seed FROM {table}")
        for number, stored, context, sample, perturbation, draw, seed in rows:
            trial = Trial(plain(sample), plain(perturbation), draw, int(seed))
            if context not in digests or stored != key(digests[context], trial):
                wrong.append(f"{table} {number}: the key is not that of its columns")
    for (number,) in file.rows("SELECT id FROM outcomes"):
        file.response(number)
    return [*wrong[:SHOWN], f"{len(wrong)} rows in all"] if len(wrong) > SHOWN else wrong


def merge(folder: Path) -> Merged:
    """Put all files into one; safe while runs go on, and when killed at any moment.

    The new file is whole and on the disk before the old ones go. Until then these are locked: a
    process that is about to write into one waits, finds it gone and starts another. What is in two
    files is taken from the older one. Files that stay busy are left for another time.
    Raises StoreFull and UsageError where the folder can't be written; nothing has changed then.
    """
    notes: list[str] = []
    merged, sources, outcomes = None, 0, 0
    paths = sorted(files(folder), key=_began)
    try:
        _clear_unfinished(folder)
        while len(paths) > 1:
            some, paths = paths[:AT_ONCE], paths[AT_ONCE:]
            with ExitStack() as stack:
                locked = [file for path in some if (file := _locked(path, stack, notes)) is not None]
                if len(locked) > 1:
                    sources += len(locked) - (merged is not None)
                    merged, outcomes = _into_one(folder, locked)
                    paths.insert(0, merged)
    except (OSError, sqlite3.Error) as error:
        refuse(folder, error)
    return Merged(merged, sources, outcomes, tuple(notes))


def _began(path: Path) -> float:
    """When a file was begun, in seconds of the epoch; one that can't be read comes last."""
    try:
        file = OutcomeFile.open(path)
    except (Damaged, Newer, Unreadable):
        return float("inf")
    try:
        return file.began()
    finally:
        file.close()


def _locked(path: Path, stack: ExitStack, notes: list[str]) -> OutcomeFile | None:
    """A whole file that nobody else can touch until the stack ends."""
    try:
        file = OutcomeFile.open(path)
        stack.callback(file.close)
        file.lock()
        if (found := file.integrity()) != "ok":
            raise Damaged(found)
    except (Damaged, Newer, Unreadable) as trouble:
        notes.append(set_aside(path, trouble))
        return None
    return file


def _into_one(folder: Path, sources: Sequence[OutcomeFile]) -> tuple[Path, int]:
    """Write, flush, rename, and only then remove the sources."""
    path = folder / new_name()
    unfinished = path.with_name(path.name + UNFINISHED)
    made = OutcomeFile.at(unfinished)
    try:
        with made.transaction(flush=True):
            outcomes = sum(_copy(source, made) for source in sources)
    except BaseException:
        made.close()
        _remove(unfinished)
        raise
    made.close()
    unfinished.rename(path)
    _flush_folder(folder)
    for source in sources:
        _remove(source.path)
    return path, outcomes


def _copy(source: OutcomeFile, target: OutcomeFile) -> int:
    """Add what `target` does not have; the number of outcomes that were new."""
    contexts = {n: target.context(context.digest(), context) for n, context in source.contexts().items()}
    ignore = OUTCOME.replace("REPLACE", "IGNORE")
    added = target.insert(ignore, _rows(source, "outcomes", contexts))
    target.insert(ERROR, (row[1:] for row in _rows(source, "errors", contexts)))
    return added


def _rows(source: OutcomeFile, table: str, contexts: dict[int, int]) -> Iterator[tuple[Any, ...]]:
    """The rows of a table for another file: with that file's id of the context, and no id of their own."""
    for _, key_, context, *rest in source.rows(f"SELECT * FROM {table} ORDER BY id"):
        with reading(source.path):
            yield None, key_, contexts[context], *rest


def _clear_unfinished(folder: Path) -> None:
    """Remove what killed merges have left; a merge that is at work keeps its file locked."""
    for path in folder.glob(f"*{SUFFIX}{UNFINISHED}"):
        with suppress(Newer, Unreadable), ExitStack() as stack:
            try:
                file = OutcomeFile.open(path)
                stack.callback(file.close)
                file.lock()
            except Damaged:
                pass
            _remove(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    journal(path).unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    """Put the new name on the disk before old ones go, where the system has folders as files."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
