"""Which trials share a batch: questions about one picture under one draw, prompts of about one length.

The numbers behind it are batch_policy.py's.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from ipllvm.engine.encoding import Encoded
from ipllvm.engine.fault_isolation import Failure
from ipllvm.engine.plan import PlannedTrial
from ipllvm.records import Perturbation, Stage


@dataclass(frozen=True, slots=True)
class _Size:
    """A prompt in positions: all of them, those up to the end of its picture, visual ones."""

    positions: int = 1
    shared: int = 0
    visual: int = 0

    @classmethod
    def of(cls, seen: Encoded) -> "_Size":
        if isinstance(seen, Failure):
            return cls()
        visual = seen.prepared.visual.nonzero()
        end = int(visual[-1]) + 1 if len(visual) else 0
        return cls(len(seen.prepared.input_ids), end, len(visual))


def shown(case: PlannedTrial, picture: str) -> Hashable:
    """What names a picture and what became of it."""
    return picture, case.trial.perturbation, case.drawn


def kind(perturbation: Perturbation) -> tuple[Stage, str, float]:
    """Perturbations of one kind make prompts of one length: their trials share batches."""
    return perturbation.stage, type(perturbation).__name__, _left(perturbation)


def _left(perturbation: Perturbation) -> float:
    """How many of the visual tokens it leaves."""
    return perturbation.share


def together(cases: Sequence[PlannedTrial]) -> list[PlannedTrial]:
    """Cases with those behind each other that show the same, as far as can be told without looking."""
    first: dict[Hashable, int] = {}
    for case in cases:
        first.setdefault(shown(case, ""), len(first))
    return sorted(cases, key=lambda case: first[shown(case, "")])


@dataclass(frozen=True, slots=True)
class Batching:
    """The order and the cost of trials by what was seen of their samples."""

    sizes: Mapping[str, _Size]
    pictures: Mapping[str, str]

    @classmethod
    def of(cls, cases: Sequence[PlannedTrial], seen: Sequence[Encoded]) -> "Batching":
        """Of cases, each with what was seen of its clean picture."""
        samples = [case.sample.id for case in cases]
        pictures = ["" if isinstance(each, Failure) else each.picture for each in seen]
        return cls(
            dict(zip(samples, map(_Size.of, seen), strict=True)), dict(zip(samples, pictures, strict=True))
        )

    def ordered(self, cases: Sequence[PlannedTrial]) -> list[PlannedTrial]:
        """By length, those behind each other that show the same."""
        first: dict[Hashable, int] = {}
        longest: dict[Hashable, int] = {}
        for case in cases:
            what = self._shown(case)
            first.setdefault(what, len(first))
            longest[what] = max(longest.get(what, 0), self._size(case).positions)
        return sorted(cases, key=lambda case: (longest[self._shown(case)], first[self._shown(case)]))

    def cost(self, case: PlannedTrial, before: PlannedTrial | None) -> float:
        """The share of a whole prompt's positions that a case adds to a batch behind another."""
        size = self._size(case)
        if before is not None and size.shared and self._shown(before) == self._shown(case):
            return (size.positions - size.shared) / size.positions
        return (size.positions - size.visual * (1 - _left(case.perturbation))) / size.positions

    def _shown(self, case: PlannedTrial) -> Hashable:
        return shown(case, self.pictures[case.sample.id])

    def _size(self, case: PlannedTrial) -> _Size:
        return self.sizes[case.sample.id]
