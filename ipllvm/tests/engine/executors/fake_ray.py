"""As much of Ray as a pool of actors uses, in this process: actors, references, streams, and their deaths."""

import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any


class RayError(Exception):
    """As ray.exceptions.RayError."""


class GetTimeoutError(RayError, TimeoutError):
    """What is waited for takes too long."""


class RayActorError(RayError):
    """An actor is dead."""


class RayTaskError(RayError):
    """A method of an actor has raised its `cause`."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(f"in a worker: {cause}")
        self.cause = cause


@dataclass(eq=False)
class Reference:
    """What will be there: what `made` gives, once asked for."""

    made: Callable[[], Any]


@dataclass(eq=False)
class Streamed:
    """References to what a generator gives, one by one."""

    actor: "Actor"
    answers: Iterator[Any]

    def __next__(self) -> Reference:
        answer = self.actor.run(lambda: next(self.answers))
        return Reference(lambda: answer)


@dataclass(eq=False)
class Method:
    """A method of an actor."""

    actor: "Actor"
    name: str
    streaming: bool = False

    def options(self, num_returns: object) -> "Method":
        return Method(self.actor, self.name, num_returns == "streaming")

    def remote(self, *arguments: Any) -> Any:
        given = [each.made() if isinstance(each, Reference) else each for each in arguments]

        def work() -> Any:
            return self.actor.run(lambda: getattr(self.actor.worker, self.name)(*given))

        self.actor.asked.append(self.name)
        return Streamed(self.actor, iter(work())) if self.streaming else Reference(work)


@dataclass(eq=False)
class Actor:
    """A worker, its options, and whether it has died and of what."""

    made: Callable[[], Any]
    options: dict[str, Any]
    death: str = ""
    asked: list[str] = field(default_factory=list)
    _worker: Any = None

    @property
    def worker(self) -> Any:
        self._worker = self._worker or self.made()
        return self._worker

    def run(self, work: Callable[[], Any]) -> Any:
        if self.death:
            raise RayActorError(self.death)
        try:
            return work()
        except StopIteration:
            raise
        except Exception as error:
            raise RayTaskError(error) from error

    def __getattr__(self, name: str) -> Method:
        return Method(self, name)


class FakeRay:
    """The module; `machines` are its nodes, as {"CPU": 4.0}. What is put is pickled, and counted."""

    def __init__(self, *machines: dict[str, float]) -> None:
        self.machines = [{"Alive": True, "Resources": machine} for machine in machines]
        self.exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)
        self.actors: list[Actor] = []
        self.puts, self.slow = 0, False
        self.waits: list[tuple[int, int, float]] = []

    def nodes(self) -> list[dict[str, Any]]:
        return self.machines

    def remote(self, kind: Callable[[Any], Any]) -> Any:
        def made(options: dict[str, Any], load: Any) -> Actor:
            self.actors.append(Actor(lambda: kind(load), options))
            return self.actors[-1]

        return SimpleNamespace(
            options=lambda **options: SimpleNamespace(remote=lambda load: made(options, load))
        )

    def get_runtime_context(self) -> Any:
        return SimpleNamespace(get_node_id=lambda: "abcdef0123456789")

    def put(self, value: Any) -> Reference:
        sent = pickle.dumps(value)
        self.puts += 1
        return Reference(lambda: pickle.loads(sent))

    def get(self, reference: Reference, timeout: float | None = None) -> Any:
        if timeout is not None and self.slow:
            raise GetTimeoutError(f"nothing within {timeout:.0f} s")
        return reference.made()

    def wait(
        self, references: Sequence[Any], num_returns: int, timeout: float
    ) -> tuple[Sequence[Any], Sequence[Any]]:
        self.waits.append((len(references), num_returns, timeout))
        return references[:num_returns], references[num_returns:]

    def kill(self, actor: Actor) -> None:
        actor.death = "killed by its pool"
