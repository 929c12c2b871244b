"""Examples of flipped answers: which trials to show of all that a property measured, and how.

The choice is seeded, so that the same outcomes give the same examples on every machine.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ipllvm.artifacts import Artifacts
from ipllvm.engine.plan import Plan, PlannedTrial
from ipllvm.engine.requirements import Known
from ipllvm.engine.scoring import Grade, grade
from ipllvm.perturbations.substitution import Blank
from ipllvm.records import FlipExample, Perturbation, Response, Sample, Score, Scores, Transcript
from ipllvm.sampling import generator
from ipllvm.scorers.base import Scorer

if TYPE_CHECKING:
    from ipllvm.models.base import VisionLanguageModel

Item = TypeVar("Item")
MOST = 20
ROOM = 32_000
"""Characters that the pictures of one result may take, so that a report of many stays small."""
TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Trace:
    """One measurement: what was planned, what was said, the scores of each perturbation, and by whom."""

    plan: Plan
    outcomes: Known
    scores: tuple[Scores, ...]
    scorer: Scorer

    def of(self, about: Callable[[Perturbation], bool] | None) -> "Trace":
        """The clean run, and those perturbations that a claim is about: all if left out."""
        if about is None:
            return self
        every = self.plan.perturbations
        places = [0, *(place for place in range(1, len(every)) if about(every[place]))]
        plan = replace(self.plan, perturbations=tuple(every[place] for place in places))
        return replace(self, plan=plan, scores=tuple(self.scores[place] for place in places))


@dataclass(frozen=True, slots=True)
class FlippedTrial:
    """A trial whose score differs from the clean one's; `lost` where it is lower."""

    trace: Trace
    sample: Sample
    perturbation: Perturbation
    draw: int
    lost: bool

    @property
    def case(self) -> PlannedTrial:
        """The trial as the engine runs it."""
        plan = self.trace.plan
        return plan.cases([self.sample], self.perturbation)[self.draw]

    def grades(self, *responses: Response) -> list[Grade]:
        """The grades of answers to the sample."""
        return [grade(self.trace.scorer, each.text, self.sample) for each in responses]

    def costs(self, response: Response) -> bool:
        """Whether an answer to the sample has a score below the clean one's."""
        clean, other = self.grades(self.clean, response)
        return isinstance(clean, Score) and isinstance(other, Score) and other.value < clean.value

    @property
    def clean(self) -> Response:
        """What was said to the clean input."""
        plan = self.trace.plan
        return self.trace.outcomes[plan.trial(self.sample, plan.perturbations[0], 0)]

    @property
    def perturbed(self) -> Response:
        """What was said in the trial."""
        return self.trace.outcomes[self.case.trial]


def examples(
    model: "VisionLanguageModel",
    traces: Sequence[Trace],
    seed: int,
    artifacts: Artifacts | None = None,
    most: int = MOST,
) -> tuple[FlipExample, ...]:
    """At most `most` flipped answers with their pictures, fewer where those would take too much room."""
    made: list[FlipExample] = []
    room = ROOM
    for turn in turns(traces, seed, most):
        flip = as_example(model, turn, turn.case, turn.perturbed, artifacts)
        room -= sum(map(len, flip.pictures))
        if room < 0 and made:
            break
        made.append(flip)
    return tuple(made)


def errors(traces: Sequence[Trace], shown: Iterable[Scores]) -> dict[str, str]:
    """What went wrong, by sample, in all that was measured, shown or not."""
    measured = (scores for trace in traces for scores in trace.scores)
    return {sample: error for scores in (*shown, *measured) for sample, error in scores.errors.items()}


def answers(traces: Sequence[Trace]) -> dict[str, str]:
    """The clean answer of every sample that gave one, by its id."""
    found: dict[str, str] = {}
    for trace in traces:
        plan, known = trace.plan, trace.outcomes
        for case in plan.cases(plan.samples, plan.perturbations[0]):
            if case.trial in known:
                found.setdefault(case.sample.id, known[case.trial].text)
    return found


def said(
    traces: Sequence[Trace], shown: Iterable[Scores], variants: Sequence[Trace] = ()
) -> dict[str, Transcript]:
    """Every sample's question and answers: the right and the clean one, and the changed ones.

    These are to the first of `variants`, the questions put in another way, where there are some; else under
    the first perturbation that is `shown` and is no control, else under the first that was run, be it a blank
    picture.
    """
    if variants:
        changed = {sample: (text[:TEXT],) for sample, text in answers(variants[:1]).items()}
        return {key: replace(each, perturbed=changed.get(key, ())) for key, each in said(traces, ()).items()}
    controls, wanted = {"clean", "blank"}, {scores.perturbation for scores in shown}
    found: dict[str, Transcript] = {}
    perturbed: dict[str, list[str]] = defaultdict(list)
    for trace in traces:
        plan, known = trace.plan, trace.outcomes
        others = [p for p in plan.perturbations if str(p).partition("(")[0] not in controls]
        chosen = [p for p in others if str(p) in wanted] or others or plan.perturbations[1:]
        told = (plan.perturbations[0], *chosen[:1])
        trials = (plan.cases([sample], p) for p in told for sample in plan.samples)
        for case in (case for cases in trials for case in cases if case.trial in known):
            text, sample = known[case.trial].text[:TEXT], case.sample
            before = found.get(sample.id)
            if before is None:
                found[sample.id] = Transcript(sample.prompt[:TEXT], text, gold=sample.answer[:TEXT])
            elif case.perturbation != plan.perturbations[0]:
                perturbed[sample.id].append(text)
    return {key: replace(each, perturbed=tuple(perturbed[key])) for key, each in found.items()}


def turns(traces: Sequence[Trace], seed: int, most: int = MOST) -> list[FlippedTrial]:
    """Flipped trials: lost answers first; perturbations, then clusters and kinds, as mixed as can be."""
    groups: dict[tuple[bool, str, str], list[FlippedTrial]] = defaultdict(list)
    for turn in _flipped(traces):
        groups[turn.lost, str(turn.perturbation), turn.sample.kind].append(turn)
    rng = generator(seed, "flips")
    left = [turn for key in _shuffled(sorted(groups), rng) for turn in _shuffled(groups[key], rng)[:most]]
    times: Counter[str] = Counter()

    def shown_less(turn: FlippedTrial) -> tuple[bool, int, int]:
        perturbation, cluster, kind = _marks(turn)
        return not turn.lost, times[perturbation], times[cluster] + times[kind]

    chosen: list[FlippedTrial] = []
    while left and len(chosen) < most:
        best = min(range(len(left)), key=lambda i: shown_less(left[i]))
        chosen.append(left.pop(best))
        times.update(_marks(chosen[-1]))
    return chosen


def _marks(turn: FlippedTrial) -> tuple[str, str, str]:
    """What the choice mixes."""
    sample = turn.sample
    return f"perturbation {turn.perturbation}", f"cluster {sample.cluster}", f"kind {sample.kind}"


def _flipped(traces: Sequence[Trace]) -> Iterator[FlippedTrial]:
    """Every trial whose score is not the clean one's; the picture in grey only where all else is clean."""
    shown = [p for trace in traces for p in trace.plan.perturbations[1:] if not isinstance(p, Blank)]
    for trace in traces:
        samples = {sample.id: sample for sample in trace.plan.samples}
        clean = dict(zip(trace.scores[0].samples, trace.scores[0].values[:, 0], strict=True))
        for perturbation, scores in zip(trace.plan.perturbations[1:], trace.scores[1:], strict=True):
            if shown and isinstance(perturbation, Blank):
                continue
            before = np.array([clean.get(sample, np.nan) for sample in scores.samples])
            change = scores.values - before[:, None]
            for row, draw in np.argwhere((change < 0) | (change > 0)).tolist():
                lost = bool(change[row, draw] < 0)
                yield FlippedTrial(trace, samples[scores.samples[row]], perturbation, draw, lost)


def _shuffled(items: Sequence[Item], rng: np.random.Generator) -> list[Item]:
    return [items[i] for i in rng.permutation(len(items)).tolist()]


def as_example(
    model: "VisionLanguageModel",
    flipped: FlippedTrial,
    case: PlannedTrial,
    response: Response,
    artifacts: Artifacts | None = None,
) -> FlipExample:
    """A trial as a report shows it, with its pictures.

    `response` is the answer to `case`, which is that of `flipped` or a smaller change of its sample.
    """
    from ipllvm.engine.visualization import SIDE, data_uri, draw_trial

    sample, found = case.sample, draw_trial(model, case, SIDE, artifacts)
    grades = flipped.grades(flipped.clean, response)
    pictures = () if found is None else (data_uri(found.clean), data_uri(found.perturbed))
    return FlipExample(
        sample=sample.id,
        prompt=sample.prompt[:TEXT],
        gold=sample.answer,
        clean=flipped.clean.text[:TEXT],
        perturbed=response.text[:TEXT],
        perturbation=str(case.perturbation),
        draw=case.trial.draw,
        pictures=pictures,
        words="" if found is None else found.words,
        read=tuple(each.answer if isinstance(each, Score) else None for each in grades),
    )
