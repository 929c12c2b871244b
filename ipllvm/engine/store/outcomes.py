"""Outcomes on disk: each process writes a file of its own, all files are read as one.

`kill -9` at any moment loses at most the batch in flight. What two processes measured twice is
counted once; where they disagree neither counts. Nothing is ever deleted here.

`python -m ipllvm.tests.engine.million 1000000` measures the writing of a million, and a report from them.
"""

import errno
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Any, TypeVar

from ipllvm.engine.context import Context, key
from ipllvm.engine.store.inspection import journal
from ipllvm.engine.store.outcome_file import (
    SUFFIX,
    Damaged,
    Newer,
    OutcomeFile,
    Unreadable,
    is_damage,
    run_of,
)
from ipllvm.errors import IpllvmError, NotMeasured, StoreFailed, StoreFull, UsageError
from ipllvm.records import Response, Trial
from ipllvm.safety import places, writing

OPEN_FILES = 64
RESERVE = "reserve"
RESERVED = 2 << 20
"""Bytes that are given back when the disk is full, so that the report of the run finds room."""
_ID_BITS = 40
_ID_MASK = (1 << _ID_BITS) - 1

Answer = TypeVar("Answer")


class Store:
    """A folder of outcome files; it is made, like this process's file, when the first batch is written.

    `warnings` gathers one line for each file that was set aside or left out; the caller prints them.
    `failed` is told why nothing more can be written, before that is raised. `run` names the run that this
    process is part of.
    """

    def __init__(
        self, folder: Path, failed: Callable[[str], None] = lambda line: None, run: str = ""
    ) -> None:
        self.folder = folder
        self._place = writing.Place(folder)
        self.run = run
        self._written: set[int] = set()
        self._failed = failed
        self.warnings: list[str] = []
        self._views: dict[str, OutcomeView] = {}
        self._paths: list[Path] = []
        self._began: dict[int, float] = {}
        self._open: dict[int, OutcomeFile] = {}
        self._own: tuple[int, OutcomeFile] | None = None
        self._gone: set[int] = set()
        self._pid = os.getpid()

    def view(self, context: Context) -> "OutcomeView":
        """The outcomes of a context, with what any process has written so far; always the same object."""
        digest = context.digest()
        if digest not in self._views:
            self._views[digest] = OutcomeView(self, context)
        self._views[digest].refresh()
        return self._views[digest]

    def close(self) -> None:
        """Give back all files; the store opens them again, and a new one to write, when it is used."""
        self._retire()
        for file in self._open.values():
            file.close()
        self._open.clear()

    def numbers(self) -> list[int]:
        """The readable files by number, the oldest first; none is new in a folder that has moved."""
        there = () if self._place.moved else self.folder.glob(f"*{SUFFIX}")
        for path in sorted(set(there) - set(self._paths)):
            self._paths.append(path)
            began = self.ask(len(self._paths) - 1, OutcomeFile.began)
            if began is not None:
                self._began[len(self._paths) - 1] = began
        return sorted(self._began, key=lambda number: (self._began[number], number))

    def ask(self, number: int, question: Callable[[OutcomeFile], Answer]) -> Answer | None:
        """What a file answers; None, with a warning, where it can't be read (any more)."""
        for held in (number in self._open, False):
            try:
                if number not in self._open:
                    self._make_room()
                    self._open[number] = OutcomeFile.open(self._paths[number])
                return question(self._open[number])
            except (Damaged, Newer, Unreadable) as trouble:
                if held and isinstance(trouble, Unreadable) and not self._is_own(number):
                    self._open.pop(number).close()  # its process may have been killed: opened again, undone
                    continue
                self._leave_out(number, trouble)
                return None
        raise AssertionError("the second time it is not held")

    def is_written(self, number: int) -> bool:
        """Whether this process wrote the file."""
        return number in self._written

    def run_of(self, number: int) -> str:
        """The run that wrote a file, this one's where this process did."""
        return self.run if self.is_written(number) else run_of(self._paths[number].name)

    def name(self, number: int) -> str:
        """The name of a file."""
        return self._paths[number].name

    def write(self, context: Context, batch: Mapping[Trial, Response]) -> tuple[int, dict[Trial, int]]:
        """Add a batch to this process's file: its number and the ids; raises StoreFailed and UsageError."""
        try:
            self._place.ready()
            number, file = self._own_file()
            try:
                return number, file.add(context, batch)
            except (Unreadable, sqlite3.DatabaseError) as error:
                if isinstance(error, sqlite3.Error) and not is_damage(error):
                    raise
                self._gone.add(number)  # merged, or its folder was moved: what is in it can be read on
                self._own = None
                number, file = self._own_file()
                return number, file.add(context, batch)
        except (OSError, sqlite3.Error) as error:
            why = refusal(self.folder, error)
            if isinstance(why, StoreFull):
                with suppress(OSError):
                    (self.folder / RESERVE).unlink()
            self._failed(str(why))
            raise why from error

    def _own_file(self) -> tuple[int, OutcomeFile]:
        """The file of this process; a forked process gets another than its parent."""
        if self._pid != os.getpid():
            self._open, self._own, self._pid = {}, None, os.getpid()
        if self._own is not None and self._own[1].ripe:
            self._retire()
        if self._own is None:
            self._reserve()
            file = OutcomeFile.create(self.folder, self.run)
            self._own = len(self._paths), file
            self._written.add(len(self._paths))
            self._paths.append(file.path)
            self._open[self._own[0]] = file
            self._began[self._own[0]] = time.time()
        return self._own

    def _reserve(self) -> None:
        place = self.folder / RESERVE
        if not place.exists():
            with suppress(OSError):
                writing.replace(place, os.urandom(RESERVED))  # zeros may take no room

    def _retire(self) -> None:
        """Leave this process's file: it is old enough, or was merged into another."""
        if self._own is not None and self._pid == os.getpid():
            self._open.pop(self._own[0]).seal()
        self._own = None

    def _make_room(self) -> None:
        others = [n for n in self._open if n not in self._gone and not self._is_own(n)]
        if len(others) >= OPEN_FILES:
            self._open.pop(others[0]).close()

    def _is_own(self, number: int) -> bool:
        return self._own is not None and self._own[0] == number

    def _leave_out(self, number: int, trouble: Damaged | Newer | Unreadable) -> None:
        """Do without a file: set it aside where it is damaged or newer, say so once."""
        path = self._paths[number]
        self._began.pop(number, None)
        if number in self._open:
            self._open.pop(number).close()
        if self._is_own(number):
            self._own = None
        if not self._place.moved and (path.exists() or path.is_symlink()):
            self.warnings.append(set_aside(path, trouble))


class OutcomeView(MutableMapping[Trial, Response]):
    """The outcomes of one context: those on disk when it was last refreshed, and this process's own.

    `update` writes a batch in one transaction. A response with an error is seen by this process
    and kept as history, but the next process tries the trial again. Deleting makes this process
    forget a trial; the file keeps it.
    """

    def __init__(self, store: Store, context: Context) -> None:
        self.context = context
        self._digest = context.digest()
        self._store = store
        self._places: dict[Trial, int] = {}
        self._failed: dict[Trial, Response] = {}
        self._seen: dict[int, int] = {}
        self._disputed: set[Trial] = set()

    def refresh(self) -> None:
        """Take in what other processes have written since; what is here already stays.

        Of a trial that two of their files answer differently neither answer is taken: it is measured again.
        """
        for number in self._store.numbers():
            again: list[tuple[Trial, int]] = []
            if not self._store.ask(number, partial(self._learn, number, again)):
                self._reload()  # what was taken from the file before it could not be read
                return
            self._dispute(number, again)

    def _learn(self, number: int, again: list[tuple[Trial, int]], file: OutcomeFile) -> bool:
        """Take in the places of a file; what another file has too goes into `again`."""
        base = number << _ID_BITS
        for place in file.places(self._digest, self._seen.get(number, 0)):
            known = self._places.get(place.trial)
            if self._store.is_written(number) or (known is None and place.trial not in self._disputed):
                self._places[place.trial] = base | place.id
            elif known is not None and not self._store.is_written(known >> _ID_BITS):
                again.append((place.trial, base | place.id))
            self._failed.pop(place.trial, None)
            self._seen[number] = place.id
        return True

    def _dispute(self, number: int, again: Sequence[tuple[Trial, int]]) -> None:
        """Do without the trials that two files answer differently, and say so."""
        different, others = [], set[str]()
        for trial, place in again:
            first, second = self._read(trial, self._places[trial]), self._read(trial, place)
            if first is not None and second is not None and _said(first) != _said(second):
                others.add(self._store.name(self._places.pop(trial) >> _ID_BITS))
                different.append(trial)
        if different:
            self._disputed.update(different)
            self._store.warnings.append(
                f"{self._store.folder}: {len(different):,} outcomes of {self._store.name(number)} are not "
                f"those of {', '.join(sorted(others)[:2])} (first {different[0].sample}): neither is used, "
                "they are measured again; `ipllvm store verify` tells more"
            )

    def origins(self, trials: Iterable[Trial]) -> Counter[str]:
        """By which other runs those of the trials were measured that this run did not measure."""
        places = (self._places[trial] for trial in trials if trial in self._places)
        runs = Counter(self._store.run_of(place >> _ID_BITS) for place in places)
        del runs[self._store.run]
        return runs

    def update(self, other: Any = (), /, **more: Response) -> None:
        """Write a batch and commit it; raises StoreFailed, with nothing of it taken in."""
        batch: dict[Trial, Response] = dict(other, **more)
        if not batch:
            return
        number, places = self._store.write(self.context, batch)
        if len(places) < len(batch) or self._failed:
            for trial, response in batch.items():
                self._places.pop(trial, None)
                self._failed.pop(trial, None)
                if response.error is not None:
                    self._failed[trial] = response
        self._places.update((trial, number << _ID_BITS | place) for trial, place in places.items())
        self._seen[number] = max(places.values(), default=self._seen.get(number, 0))

    def __setitem__(self, trial: Trial, response: Response) -> None:
        self.update({trial: response})

    def __getitem__(self, trial: Trial) -> Response:
        """Raises KeyError for a trial that is to be done, NotMeasured where its file has been lost since."""
        if trial in self._failed:
            return self._failed[trial]
        found = self._read(trial, self._places[trial])
        if found is None:
            self._reload()
            found = self._read(trial, self._places[trial]) if trial in self._places else None
        if found is None:
            raise NotMeasured(f"{self._store.folder}: outcomes were lost during the run; run again")
        return found

    def _read(self, trial: Trial, place: int) -> Response | None:
        named = key(self._digest, trial)
        return self._store.ask(place >> _ID_BITS, lambda file: file.response(place & _ID_MASK, named))

    def _reload(self) -> None:
        """Look for everything anew, after a file has gone or was merged into another."""
        self._places.clear()
        self._seen.clear()
        self.refresh()

    def __delitem__(self, trial: Trial) -> None:
        holder: dict[Trial, Any] = self._failed if trial in self._failed else self._places
        del holder[trial]

    def __contains__(self, trial: object) -> bool:
        return trial in self._places or trial in self._failed

    def __iter__(self) -> Iterator[Trial]:
        return chain(self._places, self._failed)

    def __len__(self) -> int:
        return len(self._places) + len(self._failed)


def _said(response: Response) -> tuple[str, tuple[int, ...]]:
    """What makes two answers the same; likelihoods may differ in their last bits."""
    return response.text, response.tokens


def forgetful() -> Callable[[Context], dict[Trial, Response]]:
    """In place of `Store.view`: dicts that live as long as the process."""
    known: dict[Context, dict[Trial, Response]] = {}
    return lambda context: known.setdefault(context, {})


def set_aside(path: Path, trouble: Damaged | Newer | Unreadable) -> str:
    """Rename a damaged or newer file, its journal with it; the line that says what became of it."""
    if isinstance(trouble, Unreadable):
        return f"{path}: left out, it can't be read now ({trouble})"
    what, why = ("newer", "written by a newer ipllvm") if isinstance(trouble, Newer) else ("damaged", trouble)
    names = (f"{path.name}.{what}" + (f"-{n}" if n else "") for n in count())
    aside = next(path.with_name(name) for name in names if not path.with_name(name).exists())
    try:
        path.rename(aside)
    except OSError as error:
        return f"{path}: left out ({why}); it can't be set aside ({error.strerror})"
    with suppress(OSError):
        journal(path).rename(journal(aside))
    return f"{path}: set aside as {aside.name} ({why}); its outcomes are measured again"


def refusal(folder: Path, error: OSError | sqlite3.Error) -> IpllvmError:
    """The one line that says why outcomes can't be written, as what is to be raised."""
    again, elsewhere = "run again; what was written stays", f"name another folder by {places.VARIABLE}"
    if isinstance(error, OSError):
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return StoreFull(f"{folder}: the disk is full ({error.strerror}): make room and {again}")
        return UsageError(f"{folder}: outcomes can't be written ({error.strerror}): {elsewhere}")
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(f"{folder}: the disk is full ({error}): make room and {again}")
    if code == sqlite3.SQLITE_IOERR:
        kind = error.sqlite_errorname
        return StoreFailed(f"{folder}: outcomes can't be written any more ({error}, {kind}): {again}")
    return UsageError(f"{folder}: outcomes can't be written ({error}): {elsewhere}")
