"""Runs plans on the workers of a pool: the driver holds plan and store, and reads no weights."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from ipllvm.artifacts import Artifacts
from ipllvm.engine.executors.chunks import ChunkQueue, Job
from ipllvm.engine.executors.dispatch import Dispatcher, WorkerPool
from ipllvm.engine.executors.worker import Introduction, context_of
from ipllvm.engine.plan import FIRST, Plan
from ipllvm.engine.requirements import Known, Outcomes, require_whole
from ipllvm.records import Benchmark, Sample, Trial

if TYPE_CHECKING:
    from ipllvm.models.base import VisionLanguageModel


class ClusterExecutor:
    """Feeds a pool of workers that hold one model; `fingerprint` is whose it has to be, empty where the first
    worker says it. `announce` gets a line when a worker joins, is lost or refused.
    """

    def __init__(self, pool: WorkerPool, announce: Callable[[str], None], fingerprint: str = "") -> None:
        self._fingerprint = fingerprint
        self._reference: Introduction | None = None
        self._dispatcher = Dispatcher(pool, announce, self._accept)
        self._jobs = count()
        self._first: tuple[Sample, ...] = ()
        self._names: dict[str, int] = {}
        self._origins: list[tuple[Known, dict[Trial, int]]] = []

    def _accept(self, about: Introduction) -> str:
        """How a worker differs from the driver's packages and from the others; empty where it does not."""
        if self._fingerprint and about.identity.info.fingerprint != self._fingerprint:
            return f"model {about.identity.info.fingerprint[:16]}, not {self._fingerprint[:16]}"
        reference = self._reference or replace(about, context=context_of(about.identity))
        if why := about.differs(reference):
            return why
        self._reference = reference
        return ""

    def introduction(self) -> Introduction:
        """Who measures, once a worker is there; raises ModelUnavailable and NotMeasured where none can."""
        return self._dispatcher.first()[1]

    def self_check(self, model: "VisionLanguageModel", benchmark: Benchmark, size: int | None) -> str:
        """One worker's self-check, in words; every worker passes it before its first chunk from now on."""
        self._begin(benchmark.samples[:FIRST])
        return str(self._dispatcher.ask("self_check", self._first, size or FIRST))

    def batch_size(self, model: "VisionLanguageModel", benchmark: Benchmark) -> int:
        """How many samples to answer together, found by a worker."""
        return int(self._dispatcher.ask("batch_size", benchmark.samples[:FIRST]))

    def _begin(self, first: tuple[Sample, ...]) -> None:
        """The benchmark that begins so is asked from now on."""
        if first != self._first:
            self._first = first
            self._dispatcher.forgive()

    def run(
        self,
        model: "VisionLanguageModel",
        plan: Plan,
        batch_size: int,
        outcomes: Known,
        progress: Callable[[int], None],
        artifacts: Artifacts | None = None,
    ) -> None:
        """See Executor."""
        done = sum(trial in outcomes for trial in plan.trials())
        progress(done)
        if done == len(plan):
            return
        origins = self._origins_of(outcomes)

        def take(batches: Sequence[tuple[str, Outcomes]]) -> None:
            nonlocal done
            fresh: Outcomes = {}
            for name, batch in batches:
                new = {t: r for t, r in batch.items() if t not in outcomes and t not in fresh}
                origins.update(dict.fromkeys(new, self._names.setdefault(name, len(self._names))))
                fresh |= new
            outcomes.update(fresh)
            done += len(fresh)
            progress(done)

        first = self._first or plan.samples[:FIRST]
        job = Job(next(self._jobs), plan.part([]), batch_size, first, artifacts)
        self._dispatcher.measure(job, ChunkQueue(plan, outcomes, batch_size), take)
        require_whole(plan, outcomes)

    def measured_by(self, outcomes: Known, trials: Iterable[Trial]) -> Counter[str]:
        """See Executor."""
        origins, names = self._origins_of(outcomes), list(self._names)
        counts = Counter(origins[trial] for trial in trials if trial in origins)
        return Counter({names[number]: n for number, n in counts.items() if names[number]})

    def close(self) -> None:
        """End all workers."""
        self._dispatcher.close()

    def _origins_of(self, outcomes: Known) -> dict[Trial, int]:
        for held, origins in self._origins:
            if held is outcomes:
                return origins
        self._origins.append((outcomes, {}))
        return self._origins[-1][1]
