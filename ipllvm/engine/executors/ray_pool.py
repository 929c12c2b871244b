"""Workers as actors of a Ray cluster: one on each GPU, or each on the CPUs of the smallest machine."""

import os
import signal
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from pickle import PicklingError
from typing import Any, Final

from ipllvm.engine.executors.chunks import Chunk, Job
from ipllvm.engine.executors.dispatch import Answered, Event, Finished, Introduced, Lost, WorkerRefused
from ipllvm.engine.executors.worker import Load, ModelWorker
from ipllvm.errors import IpllvmError, UsageError, first_line

LOCAL = "local"
INTRODUCTION: Final = -1
"""In place of the number of a job."""
IDLE_SECONDS: Final = 0.1
HEAD_SECONDS: Final = 20.0
"""How long the head of a cluster may take to let anybody in."""
ASK_SECONDS: Final = 3600.0
"""A worker that has not said by then what it was asked hangs."""


class RayWorker(ModelWorker):
    """A worker that knows on which node of the cluster it is."""

    def __init__(self, load: Load) -> None:
        import ray

        super().__init__(load, ray.get_runtime_context().get_node_id()[:6])


@dataclass(slots=True)
class _Actor:
    """An actor and what it has been asked for: introductions and streams of outcomes, by reference."""

    handle: Any
    references: set[Any] = field(default_factory=set)


def connect(address: str) -> bool:
    """Join the cluster at an address: `auto` is the one of this machine or of RAY_ADDRESS, `local` a new one.

    Whether it has to be left at the end: a process that has joined one already stays. Raises UsageError.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray would report to its makers
    import ray

    if ray.is_initialized():
        return False
    before = signal.getsignal(signal.SIGTERM)
    try:
        _require_head(address)
        ray.init(address=address, log_to_driver=False, logging_level="error")
    except Exception as error:
        raise UsageError(
            f"--ray={address}: no cluster can be joined ({first_line(error)}): ray start --head begins one, "
            f"RAY_AUTH_MODE=token joins one that asks for a token, --ray={LOCAL} does without"
        ) from error
    finally:
        with suppress(ValueError):  # Ray's handler would end the process before it has written its report
            signal.signal(signal.SIGTERM, before)
    return True


def _require_head(address: str) -> None:
    """Raises OSError where nobody listens at the cluster's head, to whom Ray talks for minutes in silence."""
    if address == "auto":
        last = Path(os.environ.get("RAY_TMPDIR", "/tmp"), "ray", "ray_current_cluster")  # of `ray start`
        address = os.environ.get("RAY_ADDRESS") or (last.read_text().strip() if last.is_file() else "")
    host, _, port = address.rpartition(":")
    if port.isdecimal():  # not a word, nor the address of Ray's client
        socket.create_connection((host.strip("[]"), int(port)), HEAD_SECONDS).close()


class RayPool:
    """A pool of actors that load the same model; `gpu` is whether they may use GPUs, `cpus` how many CPUs
    each takes without, all of the smallest machine's where that is 0.
    """

    def __init__(self, load: Load, *, gpu: bool = True, cpus: int = 0) -> None:
        import ray

        self._ray, self._load, self._gpu = ray, load, gpu
        self._class: Any = ray.remote(RayWorker)
        self._actors: dict[int, _Actor] = {}
        self._open: dict[Any, tuple[int, int]] = {}
        self._started = 0
        self._share: dict[str, float] = {"num_cpus": float(cpus)} if cpus else {}
        self._job: tuple[int, Any] = (INTRODUCTION, None)

    def capacity(self) -> int:
        """See WorkerPool. What an actor takes of a machine is fixed when there first is one."""
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        gpus = [int(node.get("GPU", 0)) for node in nodes]
        cpus = [int(node.get("CPU", 0)) for node in nodes if node.get("CPU", 0) >= 1]
        if not self._share and self._gpu and any(gpus):
            self._share = {"num_gpus": 1.0, "num_cpus": 0.0}
        elif not self._share and cpus:
            self._share = {"num_cpus": float(min(cpus))}
        if "num_gpus" in self._share:
            return sum(gpus)
        return sum(int(count // self._share["num_cpus"]) for count in cpus) if self._share else 0

    def start(self) -> int:
        """See WorkerPool."""
        self._started += 1
        handle = self._class.options(max_restarts=0, max_task_retries=0, **self._share).remote(self._load)
        self._actors[self._started] = _Actor(handle)
        self._expect(self._started, handle.introduce.remote(), INTRODUCTION)
        return self._started

    def give(self, worker: int, job: Job, chunk: Chunk) -> None:
        """See WorkerPool; the job goes once to each machine. Raises UsageError for what can't be sent."""
        if self._job[0] != job.number:
            try:
                self._job = job.number, self._ray.put(job)
            except (TypeError, AttributeError, PicklingError) as error:
                raise UsageError(f"--ray: what is measured can't be sent to a worker: {error}") from error
        if actor := self._actors.get(worker):
            stream = actor.handle.measure.options(num_returns="streaming").remote(self._job[1], chunk)
            self._expect(worker, stream, job.number)

    def events(self, seconds: float) -> Sequence[Event]:
        """See WorkerPool: as soon as there is one, with all that there are by then."""
        if not self._open:
            time.sleep(min(seconds, IDLE_SECONDS))
            return []
        ready, _ = self._ray.wait([*self._open], num_returns=1, timeout=seconds)
        if ready:
            ready, _ = self._ray.wait([*self._open], num_returns=len(self._open), timeout=0)
        return [event for reference in ready for event in self._event(reference)]

    def ask(self, worker: int, method: str, *arguments: Any) -> Any:
        """See WorkerPool; raises ConnectionError where the worker is gone or hangs."""
        actor = self._actors.get(worker)
        if actor is None:
            raise ConnectionError("it is gone")
        try:
            return self._ray.get(getattr(actor.handle, method).remote(*arguments), timeout=ASK_SECONDS)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except self._ray.exceptions.RayError as error:
            self.end(worker)
            raise ConnectionError(first_line(error)) from error

    def close(self) -> None:
        """See WorkerPool."""
        for worker in [*self._actors]:
            self.end(worker)

    def _expect(self, worker: int, reference: Any, job: int) -> None:
        self._open[reference] = worker, job
        self._actors[worker].references.add(reference)

    def _event(self, reference: Any) -> list[Event]:
        """What a reference that is ready says; nothing of a worker that is gone."""
        if reference not in self._open:
            return []
        worker, job = self._open[reference]
        try:
            if job == INTRODUCTION:
                about = self._ray.get(reference)
                self._forget(reference)
                return [Introduced(worker, about)]
            return [Answered(worker, job, self._ray.get(next(reference)))]
        except StopIteration:
            self._forget(reference)
            return [Finished(worker, job)]
        except self._ray.exceptions.RayTaskError as error:
            self._forget(reference)
            if isinstance(error.cause, IpllvmError):
                return [WorkerRefused(worker, error.cause)]
            self.end(worker)
            return [Lost(worker, first_line(error.cause))]
        except self._ray.exceptions.RayError as error:
            self.end(worker)
            return [Lost(worker, _reason(error))]

    def _forget(self, reference: Any) -> None:
        worker, _ = self._open.pop(reference)
        self._actors[worker].references.discard(reference)

    def end(self, worker: int) -> None:
        """See WorkerPool."""
        if (actor := self._actors.pop(worker, None)) is None:
            return
        for reference in actor.references:
            self._open.pop(reference, None)
        with suppress(self._ray.exceptions.RayError, ValueError):
            self._ray.kill(actor.handle)


def _reason(error: Exception) -> str:
    """Why an actor died, in few words: its last words are Ray's advice."""
    lines = [each.strip() for each in str(error).splitlines() if each.strip()]
    line = next((each for each in lines if "died" in each.lower()), lines[0] if lines else "")
    return line[:160] or type(error).__name__
