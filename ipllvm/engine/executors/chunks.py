"""What is missing of a plan, in chunks of whole pictures: given out, and again where a worker is lost."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ipllvm.artifacts import Artifacts
from ipllvm.engine.plan import Plan
from ipllvm.engine.requirements import Known, Outcomes
from ipllvm.records import Response, Sample, Trial

PARTS = 4
"""A chunk is at most so small a part of what would be an equal share of the rest: none ends late."""
SMALLER = 4
"""A chunk that cost a worker is cut into so many parts."""
ALONE = 2
"""So many workers may be lost to one picture alone before it counts as failed."""


@dataclass(frozen=True, slots=True)
class Job:
    """A plan without its samples, and all else that is the same for its chunks: sent to a worker once.

    `first` are the samples of the self-check.
    """

    number: int
    plan: Plan
    batch_size: int
    first: tuple[Sample, ...]
    artifacts: Artifacts | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Samples of whole pictures of a job, and those of their outcomes that are there already."""

    samples: tuple[Sample, ...]
    before: Outcomes


Picture = tuple[Sample, ...]
"""The samples of one cluster that lack an outcome."""


class ChunkQueue:
    """Deals out the pictures of a plan that lack an outcome, largest chunks first, each to one worker."""

    def __init__(self, plan: Plan, outcomes: Known, batch_size: int) -> None:
        self._plan, self._outcomes = plan, outcomes
        self._most, self._least = 2 * batch_size, -(-batch_size // 4)
        self._waiting: deque[Picture] = deque(self._missing(plan.samples))
        self._left = sum(map(len, self._waiting))
        self._losses: Counter[str] = Counter()
        self._alone: Counter[str] = Counter()

    def __len__(self) -> int:
        """Samples that wait for a worker."""
        return self._left

    def take(self, workers: int) -> Chunk | None:
        """The next chunk where so many workers share the rest; None where nothing waits.

        The last chunks are smaller, so that all workers end at about the same time.
        """
        if not self._waiting:
            return None
        losses = self._losses[self._waiting[0][0].cluster]
        share = max(self._least, -(-self._left // (PARTS * max(1, workers))))
        room = max(1, min(self._most, share) // SMALLER**losses)
        samples: list[Sample] = []
        while self._waiting and self._fits(self._waiting[0], len(samples), room, losses):
            samples += self._waiting.popleft()
        self._left -= len(samples)
        return Chunk(tuple(samples), self._before(samples))

    def _fits(self, picture: Picture, taken: int, room: int, losses: int) -> bool:
        return not taken or (taken + len(picture) <= room and self._losses[picture[0].cluster] == losses)

    def again(self, chunk: Chunk, *, lost: bool = True) -> Outcomes:
        """Take back what a worker left of a chunk; what of it has cost too many workers, as failed.

        The rest is dealt out before anything else; where the worker was `lost`, in smaller chunks, until a
        picture that kills its worker is alone.
        """
        left = list(self._missing(chunk.samples))
        failed = self._blamed(left) if lost else {}
        if not failed:
            self._waiting.extendleft(reversed(left))
            self._left += sum(map(len, left))
        return failed

    def _blamed(self, left: Sequence[Picture]) -> Outcomes:
        """Count what cost a worker; the picture that did so too often alone, as failed."""
        self._losses.update(picture[0].cluster for picture in left)
        if len(left) == 1:
            cluster = left[0][0].cluster
            self._alone[cluster] += 1
            if self._alone[cluster] >= ALONE:
                return dict.fromkeys(self._lacking(left[0]), _gone(self._losses[cluster]))
        return {}

    def _missing(self, samples: Sequence[Sample]) -> Iterator[Picture]:
        """The pictures that lack an outcome, in the order of the samples."""
        lacking = {trial.sample for trial in self._lacking(samples)}
        clusters: dict[str, list[Sample]] = {}
        for sample in samples:
            if sample.id in lacking:
                clusters.setdefault(sample.cluster, []).append(sample)
        yield from map(tuple, clusters.values())

    def _lacking(self, samples: Sequence[Sample]) -> Iterator[Trial]:
        trials = self._plan.part(samples).trials()
        return (trial for trial in trials if trial not in self._outcomes)

    def _before(self, samples: Sequence[Sample]) -> Outcomes:
        trials = self._plan.part(samples).trials()
        return {trial: self._outcomes[trial] for trial in trials if trial in self._outcomes}


def _gone(workers: int) -> Response:
    return Response("", error=f"WorkerLost: {workers} workers were lost while they answered this picture")
