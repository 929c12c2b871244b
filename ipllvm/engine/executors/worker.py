"""What measures: it holds the model on one device, proves which it is, and answers chunks as they come."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ipllvm.engine.context import Context
from ipllvm.engine.deferred import Identity
from ipllvm.engine.executors.chunks import Chunk, Job
from ipllvm.engine.requirements import Outcomes
from ipllvm.errors import ModelUnavailable, NotMeasured
from ipllvm.records import Benchmark, Sample

if TYPE_CHECKING:
    from ipllvm.models.base import VisionLanguageModel

Load = Callable[[], "VisionLanguageModel"]
PROVEN: Final = (
    "model", "device", "dtype", "attention", "prompt", "torch", "transformers", "images", "engine",
)  # fmt: skip
"""What of a context every worker must have as the driver: an answer elsewhere is another measurement."""
_ANY = Benchmark("", (), "", "", "")


@dataclass(frozen=True, slots=True)
class Introduction:
    """Who a worker is: the identity of its model, the context of its answers, where and on what it runs."""

    identity: Identity
    context: Context
    machine: str
    device: str

    @property
    def name(self) -> str:
        """What a report calls the worker: several on alike devices of one machine have one name."""
        return f"{self.device} on {self.machine}"

    def differs(self, other: "Introduction") -> str:
        """In what it differs from another, in words; empty where both measure the same."""
        for field in PROVEN:
            own, others = getattr(self.context, field), getattr(other.context, field)
            if own != others:
                return f"{field} {own[:16] if field == 'model' else own}, not {str(others)[:16]}"
        return ""


def context_of(identity: Identity) -> Context:
    """The context of answers of that model made by the packages of this process."""
    return Context.of(identity.info, _ANY, image_backend=identity.image_backend)


class ModelWorker:
    """Loads the model once, when it introduces itself; `node` tells machines of one name apart."""

    def __init__(self, load: Load, node: str = "") -> None:
        self._load, self._node = load, node
        self._checked: dict[tuple[int, tuple[str, ...]], str] = {}
        self._failed: dict[tuple[int, tuple[str, ...]], str] = {}
        self._size: dict[int, int] = {}

    @cached_property
    def _model(self) -> "VisionLanguageModel":
        return self._load()

    def introduce(self) -> Introduction:
        """See Introduction. Raises as loading does, and ModelUnavailable for a model that is asked as a
        whole or names classes.
        """
        from ipllvm.models.devices import device_name
        from ipllvm.models.recogniser import Recogniser

        model = self._model
        if model.sealed or isinstance(model, Recogniser):
            why = model.sealed or "names classes, which takes little"
            raise ModelUnavailable(f"{model.name} {why}: measure it without --ray")
        identity = Identity.of(model)
        where = socket.gethostname() + (f" ({self._node})" if self._node else "")
        return Introduction(identity, context_of(identity), where, device_name(model.device))

    def self_check(self, samples: tuple[Sample, ...], size: int) -> str:
        """The self-check on this device, in words, once for these samples; raises NotMeasured."""
        from ipllvm.engine import self_check

        key = size, tuple(sample.id for sample in samples)
        if self._model.info().family == "planted":
            return "none: nothing is computed"
        if key in self._failed:
            raise NotMeasured(self._failed[key])
        if key not in self._checked:
            try:
                found = self_check.check(self._model, samples, size)
                if found is not None:
                    found.require()
                self._checked[key] = str(found) if found else "none: no sample could be asked"
            except NotMeasured as error:
                self._failed[key] = str(error)
                raise
        return self._checked[key]

    def batch_size(self, samples: tuple[Sample, ...]) -> int:
        """How many samples to answer together, found by trying."""
        from ipllvm.engine.batch_size import choose

        return choose(self._model, samples)

    def measure(self, job: Job, chunk: Chunk) -> Iterator[Outcomes]:
        """What is missing of a chunk, batch by batch; raises NotMeasured where the self-check fails.

        A batch size that was too large for this device stays smaller for the rest of the job.
        """
        from ipllvm.engine.fault_isolation import BatchBudget
        from ipllvm.engine.run import batches

        self.self_check(job.first, job.batch_size)
        room = BatchBudget(self._size.get(job.number, job.batch_size))
        plan = job.plan.part(chunk.samples)
        yield from batches(self._model, plan, room, dict(chunk.before), job.artifacts)
        self._size = {job.number: room.size}
