"""Pictures of coming trials, loaded, perturbed and processed by threads while the device runs."""

import os
from collections import deque
from collections.abc import Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType

from ipllvm.artifacts import Artifacts
from ipllvm.engine import batch_policy
from ipllvm.engine.pictures import pictured, pictures_of
from ipllvm.engine.plan import PlannedTrial
from ipllvm.models.base import Prepare, Prepared, VisionLanguageModel


class Feeder:
    """Prepares the pictures of trials in the order in which they are expected, a few ahead of being taken.

    Questions about one picture under one draw share what a processor makes of it: the first is prepared.
    """

    def __init__(self, model: VisionLanguageModel, artifacts: Artifacts | None, workers: int) -> None:
        self._artifacts, self._coming = artifacts, deque[PlannedTrial]()
        self._made: dict[Hashable, tuple[str, Future[Prepared]]] = {}
        self._idle: SimpleQueue[Prepare] = SimpleQueue()  # each is used by one thread at a time
        self._model, self._workers = model, workers
        self._threads: ThreadPoolExecutor | None = None

    @classmethod
    def of(cls, model: VisionLanguageModel, artifacts: Artifacts | None) -> "Feeder":
        """With as many threads as pay on the model's device: none where that is the CPU itself."""
        return cls(model, artifacts, batch_policy.feeding_threads(model.device.type, os.cpu_count() or 1))

    def __enter__(self) -> "Feeder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)

    def expect(self, cases: Sequence[PlannedTrial]) -> None:
        """These are asked about next, in this order; what was expected before is not any more."""
        first = {pictured(case): case for case in reversed(cases) if case.sample.images}
        if not self._workers or not first:
            return
        if self._threads is None:  # copies of a processor take time: none before there is a picture
            for _ in range(self._workers):
                self._idle.put(self._model.preparing())
            self._threads = ThreadPoolExecutor(self._workers, "pictures")
        self._coming = deque(reversed(first.values()))
        self._made = {what: made for what, made in self._made.items() if what in first}
        self._go_on()

    def take(self, case: PlannedTrial) -> tuple[str, Prepared] | None:
        """A prompt about the picture of a case, and what was prepared of both; None where nothing was.

        Raises what preparing raised.
        """
        made = self._made.pop(pictured(case), None)
        self._go_on()
        return None if made is None else (made[0], made[1].result())

    def _go_on(self) -> None:
        while self._threads and self._coming and len(self._made) < batch_policy.PICTURES_AHEAD:
            case = self._coming.popleft()
            future = self._threads.submit(self._prepared, case)
            self._made[pictured(case)] = case.sample.prompt, future

    def _prepared(self, case: PlannedTrial) -> Prepared:
        prepare = self._idle.get()
        try:
            return prepare(pictures_of(case, self._artifacts), case.sample.prompt)
        finally:
            self._idle.put(prepare)
