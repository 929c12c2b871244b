"""A pool of workers in this process, one step at a time, to which things can be made to happen."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ipllvm.engine.executors.chunks import Chunk, Job
from ipllvm.engine.executors.dispatch import Answered, Event, Finished, Introduced, Lost, WorkerRefused
from ipllvm.engine.executors.worker import Load, ModelWorker
from ipllvm.engine.requirements import Outcomes
from ipllvm.errors import IpllvmError


@dataclass
class Desk:
    """A worker and what it holds; it takes one step, a batch, when it is its turn."""

    worker: ModelWorker
    held: deque[tuple[Job, Chunk]] = field(default_factory=deque)
    answers: Iterator[Outcomes] | None = None
    introduced: bool = False

    def step(self, number: int) -> Event | None:
        if not self.introduced:
            self.introduced = True
            return Introduced(number, self.worker.introduce())
        if not self.held:
            return None
        job, chunk = self.held[0]
        self.answers = self.answers or self.worker.measure(job, chunk)
        batch = next(self.answers, None)
        if batch is not None:
            return Answered(number, job.number, batch)
        self.answers = None
        self.held.popleft()
        return Finished(number, job.number)


class InProcessPool:
    """`room` is for how many workers there is room, `loads` how each of them loads in turn, the last for all
    later ones. `before_step` is called with the pool, a worker and its desk and may kill it or add room.
    """

    def __init__(
        self,
        *loads: Load,
        room: int = 2,
        before_step: Callable[["InProcessPool", int, Desk], None] = lambda pool, number, desk: None,
    ) -> None:
        self.room, self.desks = room, dict[int, Desk]()
        self.given: list[tuple[int, Chunk]] = []
        self._loads, self._before_step = list(loads), before_step
        self._lost: list[Lost] = []
        self._started = 0
        self.hung: set[int] = set()

    def capacity(self) -> int:
        return self.room

    def start(self) -> int:
        self._started += 1
        number = self._started
        load = self._loads.pop(0) if len(self._loads) > 1 else self._loads[0]
        self.desks[number] = Desk(ModelWorker(load, f"node{number}"))
        return number

    def give(self, worker: int, job: Job, chunk: Chunk) -> None:
        self.given.append((worker, chunk))
        if worker in self.desks:
            self.desks[worker].held.append((job, chunk))

    def kill(self, worker: int, why: str = "killed") -> None:
        del self.desks[worker]
        self._lost.append(Lost(worker, why))

    def end(self, worker: int) -> None:
        self.desks.pop(worker, None)

    def events(self, seconds: float) -> Sequence[Event]:
        events: list[Event] = []
        for number, desk in list(self.desks.items()):
            self._before_step(self, number, desk)
            events += self._step(number)
        events += self._lost
        self._lost = []
        return events

    def _step(self, number: int) -> list[Event]:
        if number not in self.desks or number in self.hung:
            return []
        desk = self.desks[number]
        try:
            event = desk.step(number)
        except IpllvmError as error:
            desk.held.clear()
            return [WorkerRefused(number, error)]
        except Exception as error:
            del self.desks[number]
            return [Lost(number, repr(error))]
        return [] if event is None else [event]

    def ask(self, worker: int, method: str, *arguments: Any) -> Any:
        if worker not in self.desks:
            raise ConnectionError("gone")
        return getattr(self.desks[worker].worker, method)(*arguments)

    def close(self) -> None:
        self.desks.clear()
