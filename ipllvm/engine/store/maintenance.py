"""Looking after a folder of outcomes: what is there, and all of it in one file."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipllvm.engine.context import Context
from ipllvm.engine.store.inspection import journal
from ipllvm.engine.store.integrity import check
from ipllvm.engine.store.outcome_file import (
    SUFFIX,
    Damaged,
    Newer,
    OutcomeFile,
    Unreadable,
    flush,
    new_name,
    problem,
    reading,
)
from ipllvm.engine.store.outcome_row import plain
from ipllvm.engine.store.outcomes import refusal, set_aside
from ipllvm.engine.store.schema import ONCE, insert
from ipllvm.errors import UsageError

AT_ONCE = 200
UNFINISHED = ".merging"


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
    """What `merge` did: the file that holds everything (None where there was nothing to do).

    Outcomes that files disagree on are in none.
    """

    file: Path | None
    sources: int
    outcomes: int
    notes: tuple[str, ...]


def files(folder: Path) -> list[Path]:
    """The outcome files of a folder, by name."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def content(path: Path) -> Content:
    """Count what is in a file, which is only read."""
    size = path.lstat().st_size
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


def _counts(file: OutcomeFile, table: str, contexts: dict[int, Context]) -> Counter[Context]:
    rows = file.rows(f"SELECT context, count(*) FROM {table} GROUP BY context")
    counts = dict(rows)
    if lost := counts.keys() - contexts:
        raise Damaged(f"{table} of context {min(lost)}, which is not there")
    return Counter({contexts[number]: n for number, n in counts.items()})


def samples(path: Path) -> dict[str, set[str]]:
    """The samples that were tried, by the name of their benchmark; none of a file that can't be read."""
    found = defaultdict[str, set[str]](set)
    with suppress(Damaged, Newer, Unreadable), closing(OutcomeFile.open(path)) as file:
        contexts = file.contexts()
        for table in ("outcomes", "errors"):
            for number, sample in file.rows(f"SELECT DISTINCT context, sample FROM {table}"):
                found[contexts[number].benchmark_name].add(plain(sample))
    return found


def bring(path: Path, folder: Path) -> None:
    """Copy a file into another folder, whole or not at all: what is committed, if somebody writes into it.

    Raises StoreFailed, and UsageError where it can't be read or the folder can't be written.
    """
    target = folder / path.name
    if target.exists() and target.samefile(path):
        return
    unfinished = target.with_name(target.name + UNFINISHED)
    try:
        _remove(unfinished)
        with closing(OutcomeFile.open(path)) as file:
            file.copy(unfinished)
        flush(unfinished)
        _remove(target)
        unfinished.rename(target)
    except (Damaged, Newer, Unreadable) as trouble:
        raise UsageError(f"{path}: {problem(trouble)}") from trouble
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            _remove(unfinished)
        raise refusal(folder, error) from error


def merge(folder: Path) -> Merged:
    """Put all files into one; safe while runs go on, and when killed at any moment.

    The new file is whole and on the disk before the old ones go. Until then these are locked: a
    process that is about to write into one waits, finds it gone and starts another. What two
    files disagree on is left out. Files that stay busy are left for another time.
    Raises StoreFailed and UsageError where the folder can't be written; nothing has changed then.
    """
    notes: list[str] = []
    merged, sources, outcomes, left_out = None, 0, 0, set[bytes]()
    paths = sorted(files(folder), key=_began)
    try:
        _clear_unfinished(folder)
        while len(paths) > 1:
            some, paths = paths[:AT_ONCE], paths[AT_ONCE:]
            with ExitStack() as stack:
                locked = [file for path in some if (file := _locked(path, stack, notes)) is not None]
                if len(locked) > 1:
                    sources += len(locked) - (merged is not None)
                    merged, outcomes, disputed = _into_one(folder, locked, left_out)
                    paths.insert(0, merged)
                    left_out |= disputed
                    if disputed:
                        notes.append(_left_out(folder, len(disputed)))
    except (OSError, sqlite3.Error) as error:
        raise refusal(folder, error) from error
    return Merged(merged, sources, outcomes, tuple(notes))


def _left_out(folder: Path, count: int) -> str:
    return f"{folder}: {count:,} outcomes that files disagree on were left out; they are measured again"


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
        file = OutcomeFile.open(path, write=True)
        stack.callback(file.close)
        file.lock()
        if found := check(file).problems:
            raise Damaged(found[0])
    except (Damaged, Newer, Unreadable) as trouble:
        notes.append(set_aside(path, trouble))
        return None
    return file


def _into_one(
    folder: Path, sources: Sequence[OutcomeFile], before: AbstractSet[bytes]
) -> tuple[Path, int, set[bytes]]:
    """Write, flush, rename, and only then remove the sources; the file, how many outcomes are in it and the
    keys of those that were left out, since sources disagree on them or did `before`.
    """
    path = folder / new_name()
    unfinished = path.with_name(path.name + UNFINISHED)
    made = OutcomeFile.at(unfinished, ONCE)
    try:
        with made.transaction(flush=True):
            outcomes = sum(_copy(source, made) for source in sources)
            disputed = {key for source in sources for key in _differing(source, made)}
            disputed |= {key for key in before if made.answered(key) is not None}
            made.remove(disputed)
    except BaseException:
        made.close()
        _remove(unfinished)
        raise
    made.close()
    unfinished.rename(path)
    flush(folder)
    for source in sources:
        _remove(source.path)
    return path, outcomes - len(disputed), disputed


def _differing(source: OutcomeFile, target: OutcomeFile) -> Iterator[bytes]:
    """The keys of the outcomes of a file that another one answers differently."""
    for key, text, tokens in source.rows("SELECT key, text, tokens FROM outcomes"):
        if target.answered(key) != (text, tokens):
            yield key


def _copy(source: OutcomeFile, target: OutcomeFile) -> int:
    """Add what `target` does not have; the number of outcomes that were new."""
    contexts = {n: target.context(context.digest(), context) for n, context in source.contexts().items()}
    added = target.insert(insert("outcomes", ignore=True), _rows(source, "outcomes", contexts))
    errors = insert("errors", ignore=True, numbered=False)
    target.insert(errors, (row[1:] for row in _rows(source, "errors", contexts)))
    return added


def _rows(source: OutcomeFile, table: str, contexts: dict[int, int]) -> Iterator[tuple[Any, ...]]:
    """The rows of a table for another file: with that file's id of the context, and no id of their own."""
    for _, key, context, *rest in source.rows(f"SELECT {source.select(table)} FROM {table} ORDER BY id"):
        with reading(source.path):
            yield None, key, contexts[context], *rest


def _clear_unfinished(folder: Path) -> None:
    """Remove what killed merges have left; a merge that is at work keeps its file locked."""
    for path in folder.glob(f"*{SUFFIX}{UNFINISHED}"):
        with suppress(Newer, Unreadable), ExitStack() as stack:
            try:
                file = OutcomeFile.open(path, write=True)
                stack.callback(file.close)
                file.lock()
            except Damaged:
                pass
            _remove(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    journal(path).unlink(missing_ok=True)
