"""Workers that answer after a fixed time without computing: how many of them can one driver feed?

Each batch crosses as bytes, as from another process, and the clock is the machine's: what is simulated is
the workers alone.
"""

import heapq
import pickle
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ipllvm.engine.executors.chunks import Chunk, Job
from ipllvm.engine.executors.dispatch import Answered, Event, Finished, Introduced
from ipllvm.engine.executors.worker import Introduction
from ipllvm.engine.requirements import Outcomes
from ipllvm.records import Response


@dataclass
class Timed:
    """A worker's chunks, and when it will be done with what it has begun."""

    held: deque[tuple[Job, Chunk]] = field(default_factory=deque)
    batches: Iterator[bytes] | None = None
    idle_since: float = 0.0
    idle: float = 0.0


class SimulatedPool:
    """`count` workers, each of which answers `rate` trials a second in batches of `size`; `spent` is the CPU
    time that making their answers up took, which is no part of the driver's.
    """

    def __init__(self, about: Introduction, count: int, rate: float, size: int) -> None:
        self._about, self._count, self._seconds, self._size = about, count, size / rate, size
        self._workers: dict[int, Timed] = {}
        self._due: list[tuple[float, int]] = []
        self._new: list[int] = []
        self.spent = 0.0

    def capacity(self) -> int:
        return self._count

    def start(self) -> int:
        number = len(self._workers)
        self._workers[number] = Timed(idle_since=time.monotonic())
        self._new.append(number)
        return number

    def give(self, worker: int, job: Job, chunk: Chunk) -> None:
        desk = self._workers[worker]
        desk.held.append((job, chunk))
        if len(desk.held) == 1:
            desk.idle += time.monotonic() - desk.idle_since
            heapq.heappush(self._due, (time.monotonic() + self._seconds, worker))

    def events(self, seconds: float) -> Sequence[Event]:
        found: list[Event] = [Introduced(number, self._about) for number in self._new]
        self._new = []
        if not found and self._due:
            time.sleep(max(0.0, min(seconds, self._due[0][0] - time.monotonic())))
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            due, number = heapq.heappop(self._due)
            found += self._step(number, due)
        return found

    def _step(self, number: int, due: float) -> Iterator[Event]:
        desk = self._workers[number]
        job, chunk = desk.held[0]
        desk.batches = desk.batches or self._answers(job, chunk)
        began = time.process_time()
        batch = next(desk.batches, None)
        self.spent += time.process_time() - began
        if batch is not None:
            yield Answered(number, job.number, pickle.loads(batch))
            heapq.heappush(self._due, (due + self._seconds, number))
            return
        desk.batches = None
        desk.held.popleft()
        yield Finished(number, job.number)
        if desk.held:
            heapq.heappush(self._due, (due, number))
        else:
            desk.idle_since = due

    def _answers(self, job: Job, chunk: Chunk) -> Iterator[bytes]:
        trials = [t for t in replace(job.plan, samples=chunk.samples).trials() if t not in chunk.before]
        for start in range(0, len(trials), self._size):
            batch: Outcomes = {t: Response("red", (5, 6, 2)) for t in trials[start : start + self._size]}
            yield pickle.dumps(batch)

    def ask(self, worker: int, method: str, *arguments: Any) -> Any:
        raise NotImplementedError

    def idle(self) -> float:
        """Seconds that workers waited for the driver while it gave chunks, on average."""
        return sum(desk.idle for desk in self._workers.values()) / max(1, len(self._workers))

    def end(self, worker: int) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self._workers.clear()
