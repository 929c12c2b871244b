"""The smallest change that still flips an answer, for a claim that is violated.

A flipped trial is taken apart: a permutation into swaps of tokens, a shuffle into swaps of cells, a mask
into its cells. Some of these changes are tried, a few sets of them together, for the fewest that flip it too.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ipllvm.artifacts import Artifacts
from ipllvm.engine.pictures import given
from ipllvm.engine.plan import Plan, PlannedTrial
from ipllvm.engine.run import Outcomes, run
from ipllvm.evaluation import flips
from ipllvm.evaluation.flips import FlippedTrial, Trace
from ipllvm.models.base import VisionLanguageModel
from ipllvm.records import Changes, Counterexample, Stage

BIG = 1_000_000_000
LOOKS = 60
"""Perturbed answers that a search may ask for, unless told otherwise; none for a model of BIG parameters."""
WIDTH = 4
"""So many sets of changes are asked about together."""
Items = tuple[Any, ...]
RunPlan = Callable[[VisionLanguageModel, Plan, int, Outcomes, Callable[[int], None]], None]
"""As `ipllvm.engine.run.run`."""


def budget(asked: int | None, parameters: int) -> int:
    """How many answers a search may ask for; None is what the size of the model allows.

    >>> budget(None, 5_000_000), budget(None, 7_000_000_000), budget(9, 7_000_000_000)
    (60, 0, 9)
    """
    return asked if asked is not None else LOOKS if parameters < BIG else 0


def smallest(
    model: VisionLanguageModel,
    traces: Sequence[Trace],
    seed: int,
    queries: int,
    artifacts: Artifacts | None = None,
    run: RunPlan = run,
) -> Counterexample | None:
    """The smallest change found within `queries` perturbed answers, which `run` gives; None where no lost
    answer can be taken apart, or nothing may be asked.
    """
    lost = [turn for turn in flips.turns(traces, seed) if turn.lost] if queries > 0 else []
    apart = [(turn, found) for turn in lost if (found := changes(model, turn.case, artifacts)) is not None]
    if not apart:
        return None
    turn, whole = min(apart, key=lambda each: len(each[1].items))
    search = _Search(model, turn, whole, queries, run)
    search.shrink()
    example = flips.as_example(model, turn, search.case, search.said, artifacts)
    return Counterexample(example, len(search.items), len(whole.items), whole.unit, search.queries)


class _Search:
    """Asks for ever fewer of the changes; `items` are the fewest that flipped, `said` what they gave."""

    def __init__(
        self, model: VisionLanguageModel, turn: FlippedTrial, whole: Changes, most: int, run: RunPlan
    ) -> None:
        self._run = run
        self._model, self._turn, self._whole, self._most = model, turn, whole, most
        self.items, self.case, self.said = whole.items, turn.case, turn.perturbed
        self.queries = 0

    def shrink(self) -> None:
        """Keep the first change with which, after those before it, the answer flips; then of those before it
        the one that is needed last, and so on until what was found needed is enough.
        """
        rest: Items = self._whole.items
        needed: Items = ()
        while rest and self.queries < self._most:
            rest = self._fewest(rest, needed)
            rest, needed = rest[:-1], rest[-1:] + needed

    def _fewest(self, items: Items, needed: Items) -> Items:
        """The shortest beginning of `items` found that flips with those found needed, as all of them do.

        A few lengths are asked about together, then some of those between the least that flips and the one
        below it.
        """
        below, enough = -1 if needed else 0, len(items)
        while (most := min(WIDTH, enough - below - 1, self._most - self.queries)) > 0:
            room = enough - below - 1
            lengths = [below + 1 + room * place // most for place in range(most)]
            flipping = self._flipping([items[:length] + needed for length in lengths])
            least = next((n for n, found in zip(lengths, flipping, strict=True) if found), enough)
            below, enough = max([below, *(n for n in lengths if n < least)]), least
        return items[:enough]

    def _flipping(self, sets: Sequence[Items]) -> list[bool]:
        """Which of some sets of changes flip the answer, in one run; the fewest that do are kept."""
        turn = self._turn
        changed = [self._whole.make(items) for items in sets]
        clean = turn.trace.plan.perturbations[0]
        plan = replace(turn.trace.plan, samples=(turn.sample,), perturbations=(clean, *changed), draws=1)
        (first,) = plan.cases(plan.samples, clean)
        cases = [plan.cases(plan.samples, each)[0] for each in changed]
        outcomes: Outcomes = {first.trial: turn.clean}
        self.queries += len(sets)
        self._run(self._model, plan, len(sets), outcomes, lambda done: None)
        said = [outcomes[case.trial] for case in cases]
        lost = [each.error is None and turn.costs(each) for each in said]
        for found, items, case, each in zip(lost, sets, cases, said, strict=True):
            if found and len(items) < len(self.items):
                self.items, self.case, self.said = items, case, each
        return lost


def changes(
    model: VisionLanguageModel, case: PlannedTrial, artifacts: Artifacts | None = None
) -> Changes | None:
    """A trial's perturbation taken apart; None for one that can't be."""
    if not case.sample.images:
        return None
    image = case.sample.images[0].load()
    ready = given(case.perturbation, image, artifacts)
    inside = ready.stage is not Stage.PIXELS
    layout = model.layout(model.prepare([image], case.sample.prompt)) if inside else None
    return ready.taken_apart(layout, case.rng())
