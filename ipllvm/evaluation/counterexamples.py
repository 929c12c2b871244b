"""The smallest change that still flips an answer, for a claim that is violated.

A flipped trial is taken apart: a permutation into swaps of tokens, a shuffle into swaps of cells, a mask
into its cells. Hypothesis then looks for the fewest of these changes that flip the answer too.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from ipllvm.artifacts import Artifacts
from ipllvm.engine.pictures import given
from ipllvm.engine.plan import Plan, PlannedTrial
from ipllvm.engine.run import Outcomes, run
from ipllvm.evaluation import flips
from ipllvm.evaluation.flips import FlippedTrial, Trace
from ipllvm.laws.refute import refute
from ipllvm.laws.strategies import parts
from ipllvm.models.base import VisionLanguageModel
from ipllvm.records import Changes, Counterexample, Stage

BIG = 1_000_000_000
LOOKS = 60
"""Perturbed answers that a search may ask for, unless told otherwise; none for a model of BIG parameters."""
DRAWN = 12
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
        """First how many changes from the start on, then which of these; half of the looks each."""
        ends = st.integers(0, len(self.items) - 1)
        refute(lambda end: self._flips(self._whole.items[:end]), ends, DRAWN, self._most // 2)
        refute(self._flips, parts(self.items), DRAWN, self._most - self.queries)

    def _flips(self, items: tuple[Any, ...]) -> str | None:
        """Whether these changes flip the answer, in words."""
        if not items:
            return None
        turn, perturbation = self._turn, self._whole.make(items)
        perturbations = (turn.trace.plan.perturbations[0], perturbation)
        plan = replace(turn.trace.plan, samples=(turn.sample,), perturbations=perturbations, draws=1)
        (clean,), (case,) = (plan.cases(plan.samples, each) for each in perturbations)
        outcomes: Outcomes = {clean.trial: turn.clean}
        self.queries += 1
        self._run(self._model, plan, 1, outcomes, lambda done: None)
        said = outcomes[case.trial]
        if said.error is not None or not turn.costs(said):
            return None
        if len(items) < len(self.items):
            self.items, self.case, self.said = items, case, said
        return f"{perturbation} flips the answer"


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
