"""Keeps workers busy: each gets a chunk when it is free, and what a lost one leaves goes to another.

Nothing here knows where workers are: a pool starts them and says what happens.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, runtime_checkable

from ipllvm.engine.executors.chunks import Chunk, ChunkQueue, Job
from ipllvm.engine.executors.silence import Silence, in_words
from ipllvm.engine.executors.worker import Introduction
from ipllvm.engine.requirements import Outcomes
from ipllvm.errors import IpllvmError, ModelUnavailable, NotMeasured, NotTested, UsageError, first_line

AHEAD: Final = 2
"""Chunks that a worker holds: it never waits for the driver, and little is lost with it."""
STARTS: Final = 3
"""So many workers in a row may end before they have introduced themselves."""
SILENT: Final = 6
"""So many workers in a row may be ended for their silence before anybody has answered: a first picture that
is in their way is alone by then.
"""
POLL_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 900.0
"""How long nobody may be there to measure."""
TOLD_SECONDS: Final = 60.0
"""After so long of it a line says so."""


@dataclass(frozen=True, slots=True)
class Introduced:
    """A worker has loaded its model."""

    worker: int
    about: Introduction


@dataclass(frozen=True, slots=True)
class Answered:
    """A worker has answered a batch of a job."""

    worker: int
    job: int
    outcomes: Outcomes


@dataclass(frozen=True, slots=True)
class Finished:
    """A worker is done with its oldest chunk of a job."""

    worker: int
    job: int


@dataclass(frozen=True, slots=True)
class Lost:
    """A worker is gone, with what it held."""

    worker: int
    why: str


@dataclass(frozen=True, slots=True)
class WorkerRefused:
    """A worker can't measure as it should, and says why."""

    worker: int
    error: IpllvmError


Event = Introduced | Answered | Finished | Lost | WorkerRefused


@runtime_checkable
class WorkerPool(Protocol):
    """Starts workers and hands them chunks; the numbers of workers are its own."""

    def capacity(self) -> int:
        """For how many workers there is room now, those that live among them."""
        ...

    def start(self) -> int:
        """Begin a worker; it is there once it has introduced itself."""
        ...

    def give(self, worker: int, job: Job, chunk: Chunk) -> None:
        """Add a chunk to those that a worker holds."""
        ...

    def events(self, seconds: float) -> Sequence[Event]:
        """What has happened, in order, waiting for something so long at most."""
        ...

    def ask(self, worker: int, method: str, *arguments: Any) -> Any:
        """What a method of a worker gives; raises what it raises, and ConnectionError where it is gone."""
        ...

    def end(self, worker: int) -> None:
        """End a worker that hangs; nothing more is heard of it."""
        ...

    def close(self) -> None:
        """End all workers."""
        ...


@dataclass(slots=True)
class _Held:
    """A worker of the pool and the chunks that it holds, oldest first; `refused` for good, `unfit` for what
    is measured now.
    """

    about: Introduction | None = None
    chunks: deque[Chunk] = field(default_factory=deque)
    refused: bool = False
    unfit: bool = False

    @property
    def idle(self) -> bool:
        return self.refused or self.unfit

    @property
    def works(self) -> bool:
        return self.about is not None and not self.idle


class Dispatcher:
    """Feeds the workers of a pool. `announce` gets a line when one joins, is lost or refused; `accept` says
    why one can't be let in, or nothing.

    A refused worker stays where it is, idle, so that no other is put in its place. One that can't measure
    what is asked, such as a benchmark whose self-check it fails, may try the next.
    """

    def __init__(
        self,
        pool: WorkerPool,
        announce: Callable[[str], None],
        accept: Callable[[Introduction], str] = lambda about: "",
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._pool, self._announce, self._accept, self._patience = pool, announce, accept, patience
        self._workers: dict[int, _Held] = {}
        self._polled = float("-inf")
        self._failed_starts, self._refusal = 0, ""
        self._checked, self._silent = 0.0, 0
        self._told = False

    def first(self) -> tuple[int, Introduction]:
        """A worker that is ready, waiting for one; raises as `measure`."""
        since = time.monotonic()
        while True:
            for number, held in self._workers.items():
                if held.works and held.about is not None:
                    return number, held.about
            self._hire()
            for event in self._pool.events(POLL_SECONDS):
                self._note(event)
            self._require_somebody(since)

    def ask(self, method: str, *arguments: Any) -> Any:
        """What a method gives on a worker that is ready; one that raises NotMeasured is unfit."""
        while True:
            number, _ = self.first()
            begun = time.monotonic()
            try:
                found = self._pool.ask(number, method, *arguments)
                self._checked = max(self._checked, time.monotonic() - begun)
                return found
            except NotMeasured as error:
                self._note(WorkerRefused(number, error))
            except ConnectionError as error:
                self._note(Lost(number, first_line(error)))

    def measure(
        self, job: Job, queue: ChunkQueue, take: Callable[[Sequence[tuple[str, Outcomes]]], None]
    ) -> None:
        """Until nothing of the queue is left; `take` gets batches with the names of their workers.

        Raises NotMeasured and ModelUnavailable where no worker can measure.
        """
        for held in self._workers.values():
            held.chunks.clear()  # of a job that was interrupted
        since, silence, self._silent = time.monotonic(), Silence(self._checked), 0
        while len(queue) or any(held.chunks for held in self._workers.values()):
            self._hire()
            self._deal(job, queue)
            events = self._pool.events(POLL_SECONDS)
            if events := [*events, *self._hung(silence, events)]:
                self._handle(events, job, queue, take)
            if any(held.works for held in self._workers.values()):
                since = time.monotonic()
            self._require_somebody(since)

    def forgive(self) -> None:
        """Something else is measured from now on: workers that were unfit for the last may try."""
        for held in self._workers.values():
            held.unfit = False

    def close(self) -> None:
        """End all workers."""
        self._workers.clear()
        self._pool.close()

    def _hire(self) -> None:
        """A worker for all the room there is: for one that was lost, and on a machine that has joined."""
        now = time.monotonic()
        if now - self._polled < POLL_SECONDS:
            return
        self._polled = now
        for _ in range(self._pool.capacity() - len(self._workers)):
            self._workers[self._pool.start()] = _Held()

    def _deal(self, job: Job, queue: ChunkQueue) -> None:
        """One chunk to each that has none, then one ahead, as long as there are some for all."""
        ready = [(number, held) for number, held in self._workers.items() if held.works]
        for depth in range(AHEAD):
            for number, held in ready:
                if len(held.chunks) == depth and (chunk := queue.take(len(ready))) is not None:
                    held.chunks.append(chunk)
                    self._pool.give(number, job, chunk)

    def _hung(self, silence: Silence, events: Sequence[Event]) -> Iterator[Lost]:
        """End workers that hold chunks and hang; one that may, where none has answered yet, is told once.

        Raises NotMeasured where one after another hangs and none answers.
        """
        now = time.monotonic()
        answered = [event.worker for event in events if isinstance(event, Answered)]
        busy = [number for number, held in self._workers.items() if held.chunks]
        silence.hear([event.worker for event in events], answered, busy, now)
        for number, seconds in silence.suspects(now):
            self._announce(
                f"{self._name(number)} has said nothing for {seconds / 60:.0f} min: it may hang, and is "
                f"ended after {silence.limit / 60:.0f} min"
            )
        for number, seconds in silence.too_long(now):
            self._pool.end(number)
            why, self._silent = in_words(seconds, silence.longest), self._silent + 1
            if not silence.longest and self._silent >= SILENT:
                raise NotMeasured(f"{SILENT} workers hung one after another: of the last {why}")
            yield Lost(number, why)

    def _handle(
        self,
        events: Sequence[Event],
        job: Job,
        queue: ChunkQueue,
        take: Callable[[Sequence[tuple[str, Outcomes]]], None],
    ) -> None:
        """First what was answered is taken in, in one batch, then what follows from it."""
        answered = [e for e in events if isinstance(e, Answered) and e.job == job.number]
        if answered:
            take([(self._name(each.worker), each.outcomes) for each in answered])
        for event in events:
            if isinstance(event, Finished) and event.job != job.number:
                continue
            for place, chunk in enumerate(self._note(event)):  # only the first had been begun
                if failed := queue.again(chunk, lost=isinstance(event, Lost) and place == 0):
                    take([("", failed)])

    def _name(self, worker: int) -> str:
        held = self._workers.get(worker)
        return held.about.name if held is not None and held.about is not None else ""

    def _note(self, event: Event) -> Sequence[Chunk]:
        """Take in what happened to a worker; the chunks that are nobody's now."""
        held = self._workers.get(event.worker)
        if held is None or isinstance(event, Answered):
            return ()
        if isinstance(event, Introduced):
            return self._welcome(event.worker, held, event.about)
        if isinstance(event, Finished):
            if held.chunks:
                held.chunks.popleft()
            return ()
        left = tuple(held.chunks)
        held.chunks.clear()
        if isinstance(event, WorkerRefused):
            self._refuse(event, held)
        else:
            self._bury(event, held)
        return left

    def _welcome(self, number: int, held: _Held, about: Introduction) -> Sequence[Chunk]:
        held.about, self._failed_starts = about, 0
        if why := self._accept(about):
            return self._note(WorkerRefused(number, ModelUnavailable(f"it measures with another {why}")))
        self._announce(f"{about.name} measures, as {sum(h.works for h in self._workers.values())} now do")
        return ()

    def _refuse(self, event: WorkerRefused, held: _Held) -> None:
        """Let a worker do nothing more; raises what is wrong with the command, or with every worker."""
        if isinstance(event.error, UsageError | NotTested):
            raise event.error
        held.unfit = isinstance(event.error, NotMeasured) and held.about is not None
        held.refused, self._refusal = not held.unfit, str(event.error)
        self._announce(f"{self._name(event.worker) or 'a worker'} is refused: {event.error}")
        others = [other for other in self._workers.values() if not other.idle]
        if not others and self._pool.capacity() <= len(self._workers):
            raise event.error

    def _bury(self, event: Lost, held: _Held) -> None:
        del self._workers[event.worker]
        self._polled = float("-inf")  # look for room at once
        if held.about is not None:
            self._announce(f"{held.about.name} is lost ({event.why}): what it held is given to others")
            return
        self._failed_starts += 1
        self._announce(f"a worker ended before it was ready ({event.why})")
        if self._failed_starts >= STARTS and not any(h.works for h in self._workers.values()):
            raise NotMeasured(f"{STARTS} workers in a row ended before they were ready: {event.why}")

    def _require_somebody(self, since: float) -> None:
        workers = self._workers.values()
        if workers and all(held.idle for held in workers) and self._pool.capacity() <= len(workers):
            raise NotMeasured(f"every worker is refused: {self._refusal}")
        waited = time.monotonic() - since
        if waited > TOLD_SECONDS and not self._told:
            self._told = True
            self._announce(
                f"no worker is ready after {waited:.0f} s: they load the model, or wait for a free device"
            )
        if waited > self._patience:
            raise NotMeasured(
                f"no worker was ready for {self._patience:.0f} s: is there a machine with a free device? "
                "What was measured stays: run again"
            )
