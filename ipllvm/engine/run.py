"""Run what is missing of a plan: each trial restarts at the stage that its perturbation enters.

Samples go in chunks. The clean answers come first: the projected tokens of the clean pass are the
checkpoints that token perturbations restart from, and the answers are the drafts that perturbed
answers are verified against. Nothing is computed for a trial whose outcome is known, and each batch
is handed over as soon as it is answered.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby

import torch
from torch import Tensor

from ipllvm.artifacts import Artifacts
from ipllvm.engine import layers
from ipllvm.engine.answering import Going, options, respond
from ipllvm.engine.batch_policy import BATCHES_IN_FLIGHT
from ipllvm.engine.batching import Batching, kind, shown, together
from ipllvm.engine.decoding import prefill, worth_running
from ipllvm.engine.encoding import Encoded, EncodedSample, Pictures, encode_cases, questions
from ipllvm.engine.fault_isolation import BatchBudget, BatchShare, Failure, run_isolated, whole
from ipllvm.engine.feeding import Feeder
from ipllvm.engine.packing import PackedPrompt, Tokens
from ipllvm.engine.plan import Plan, PlannedTrial
from ipllvm.engine.prefix import CleanBeginnings, Prefixes
from ipllvm.engine.requirements import Known as Known
from ipllvm.engine.requirements import Outcomes as Outcomes
from ipllvm.engine.requirements import complete, require, require_whole
from ipllvm.engine.streaming import Stream, of_case, paired
from ipllvm.errors import NotTested
from ipllvm.models.base import Left, VisionLanguageModel
from ipllvm.models.whole import Question, WholeModel
from ipllvm.records import Perturbation, Response, Sample, Stage


def run(
    model: VisionLanguageModel,
    plan: Plan,
    batch_size: int,
    outcomes: Known,
    progress: Callable[[int], None],
    artifacts: Artifacts | None = None,
) -> None:
    """Put the response to every trial of `plan` that is not there into `outcomes`, batch by batch.

    `outcomes` belongs to the caller: a dict, or a view of the store that remembers what other runs
    have measured. `progress` is told the number of trials of the plan that are known. `artifacts` make
    what perturbations of images need, such as saliency maps. Raises NotTested where the model has no
    part that a perturbation enters, and NotMeasured where outcomes are lost again and again.
    """
    require(model, plan.perturbations)
    if model.sealed and plan.answer != "generate":
        raise NotTested(f"{model.name} {model.sealed}: log-likelihoods can't be had")
    _run_missing(model, plan, batch_size, outcomes, progress, artifacts)
    if not complete(plan, outcomes):  # a file of the store went while this ran
        _run_missing(model, plan, batch_size, outcomes, progress, artifacts)
    require_whole(plan, outcomes)


def _run_missing(
    model: VisionLanguageModel,
    plan: Plan,
    batch_size: int,
    outcomes: Known,
    progress: Callable[[int], None],
    artifacts: Artifacts | None,
) -> None:
    done = sum(trial in outcomes for trial in plan.trials())
    progress(done)
    if isinstance(model, WholeModel) and done < len(plan):
        model.expect(_unanswered(plan, outcomes), plan.max_new_tokens)
    for batch in batches(model, plan, BatchBudget(batch_size), outcomes, artifacts):
        done += len(batch)
        progress(done)


def batches(
    model: VisionLanguageModel, plan: Plan, room: BatchBudget, outcomes: Known, artifacts: Artifacts | None
) -> Iterator[Outcomes]:
    """What is missing, put into `outcomes` and given out by batch; `room` shrinks where memory ends."""
    pictures, prefixes = Pictures(), Prefixes(model)
    start = 0
    with Feeder.of(model, artifacts) as feeder, Stream(model, plan.max_new_tokens, room) as stream:
        while samples := plan.samples[start : start + BATCHES_IN_FLIGHT * room.size]:
            start += len(samples)
            chunk = _Chunk(
                model, plan, samples, outcomes, room, pictures, prefixes, artifacts, stream, feeder
            )
            for batch in chunk.batches():
                outcomes.update(batch)
                yield batch


def _unanswered(plan: Plan, outcomes: Known) -> list[str]:
    """The question of each trial without an outcome."""
    cases = (case for p in plan.perturbations for case in plan.cases(plan.samples, p))
    return [case.sample.prompt for case in cases if case.trial not in outcomes]


class _Chunk:
    """The samples in flight: their checkpoints and clean answers, made when first needed."""

    def __init__(
        self,
        model: VisionLanguageModel,
        plan: Plan,
        samples: Sequence[Sample],
        outcomes: Known,
        room: BatchBudget,
        pictures: Pictures,
        prefixes: Prefixes,
        artifacts: Artifacts | None,
        stream: Stream,
        feeder: Feeder,
    ) -> None:
        self._model, self._plan, self._samples, self._outcomes = model, plan, samples, outcomes
        self._stream, self._feeder = stream, feeder
        self._room, self._pictures, self._prefixes, self._artifacts = room, pictures, prefixes, artifacts
        self._kept: dict[str, Encoded] = {}
        self._beginnings: CleanBeginnings | None = None

    def batches(self) -> Iterator[Outcomes]:
        """The missing outcomes: the clean ones, then those of each perturbation, then of the layers."""
        deep = [p for p in self._plan.perturbations if p.stage is Stage.HIDDEN_STATES]
        for _, alike in groupby((p for p in self._plan.perturbations if p not in deep), key=kind):
            yield from self._answered(self._missing(list(alike)))
        yield from self._entered(self._missing(deep))

    def _missing(self, perturbations: Sequence[Perturbation]) -> list[PlannedTrial]:
        cases = [case for p in perturbations for case in self._plan.cases(self._samples, p)]
        return together([case for case in cases if case.trial not in self._outcomes])

    def _answered(self, cases: list[PlannedTrial]) -> Iterator[Outcomes]:
        """Perturb -> pack -> embed -> decode, batch by batch: more prompts in it where they take less."""
        if not cases:
            return
        if isinstance(self._model, WholeModel):
            yield from self._asked_whole(self._model, cases)
            return
        changed = cases[0].perturbation.stage is Stage.PIXELS and cases[0].perturbation != self._clean
        cost: BatchShare[PlannedTrial] = whole
        if not changed or all(case.sample.id in self._kept for case in cases):
            batching = Batching.of(cases, self._checkpoints(cases))
            cases, cost = batching.ordered(cases), batching.cost
        if changed:
            self._feeder.expect(cases)
        self._beginnings = CleanBeginnings.worth(self._model, cases, self._kept.values())
        for batch in self._room.batches(cases, cost):
            see = self._see if changed else self._checkpoints
            yield self._stream.answered(self._asked, batch, see(batch), cost)  # no name keeps what was seen
        yield from self._stream.drained()
        self._beginnings = None  # clean passes at layers need the room

    def _asked_whole(self, model: WholeModel, cases: list[PlannedTrial]) -> Iterator[Outcomes]:
        """What a model says that is asked as a whole."""

        def ask(batch: Sequence[tuple[PlannedTrial, Question]]) -> list[Response]:
            return model.answers([question for _, question in batch], self._plan.max_new_tokens)

        for batch in self._room.batches(cases, whole):
            yield self._stream.answered(ask, batch, questions(batch, self._artifacts))

    def _asked(self, batch: Sequence[tuple[PlannedTrial, EncodedSample]]) -> list[Response | Going]:
        model, plan = self._model, self._plan
        prompts = self._prompts(batch)
        checkpoints = [checkpoint for _, checkpoint in batch]
        begun = self._beginnings.shared(checkpoints, prompts) if self._beginnings else None
        prefix = begun or self._prefixes.shared([each.prepared for each in checkpoints], prompts)
        samples = [case.sample for case, _ in batch]
        try:
            return respond(model, samples, plan.answer, prefill(model, prompts, prefix), plan.max_new_tokens)
        except (torch.OutOfMemoryError, MemoryError):
            self._beginnings = None  # they only save time
            raise

    def _prompts(self, batch: Sequence[tuple[PlannedTrial, EncodedSample]]) -> list[PackedPrompt]:
        """What is asked in each case; what is shown alike is perturbed once."""
        visual: dict[Hashable, Tensor] = {}
        prompts = []
        for case, checkpoint in batch:
            what = shown(case, checkpoint.picture)
            if what not in visual and checkpoint.pictured:
                visual[what] = _visual(self._model, case, checkpoint)
            own = visual.get(what)
            left = _left(self._model, case, checkpoint, own)
            prompts.append(checkpoint.prompt(self._model, what, self._draft(case), own, left))
        return prompts

    def _entered(self, cases: list[PlannedTrial]) -> Iterator[Outcomes]:
        """A clean pass over a batch of samples, then batches of the trials that enter it, layer by layer."""
        samples = {case.sample.id: case.sample for case in cases}
        own = self._plan.cases(list(samples.values()), self._clean)
        batching = Batching.of(own, self._checkpoints(own))
        at = sorted(set(map(layers.layer_of, cases)))
        for batch in self._room.batches(batching.ordered(own), batching.cost):
            yield from self._from(self._passed(batch, at, batching.cost), cases)

    def _from(
        self, held: Mapping[str, layers.Held | Failure], cases: list[PlannedTrial]
    ) -> Iterator[Outcomes]:
        """Batches of those trials that enter one clean pass, at one layer each."""
        its = [case for case in cases if case.sample.id in held]

        def ask(batch: Sequence[tuple[PlannedTrial, layers.Held]]) -> list[Response | Going]:
            model, limit = self._model, self._plan.max_new_tokens
            prefilled = layers.entered(model, batch, limit)
            return respond(model, [case.sample for case, _ in batch], self._plan.answer, prefilled, limit)

        def alike(case: PlannedTrial) -> tuple[int, int]:
            found = held[case.sample.id]
            return layers.layer_of(case), 0 if isinstance(found, Failure) else id(found.clean)

        def cost(case: PlannedTrial, before: PlannedTrial | None) -> float:
            found, last = held[case.sample.id], None if before is None else held[before.sample.id]
            if before is None or not isinstance(found, layers.Held) or not isinstance(last, layers.Held):
                return 1.0
            return layers.cost((case, found), (before, last))

        for _, group in groupby(sorted(its, key=alike), key=alike):
            for batch in self._room.batches(list(group), cost):
                starts = [held[case.sample.id] for case in batch]
                yield self._stream.answered(ask, batch, starts, cost)
        yield from self._stream.drained()

    def _passed(
        self, cases: Sequence[PlannedTrial], at: Sequence[int], cost: BatchShare[PlannedTrial]
    ) -> dict[str, layers.Held | Failure]:
        """Where the sample of each case is in a clean pass that keeps the inputs of some layers."""

        def enter(batch: Sequence[tuple[PlannedTrial, EncodedSample]]) -> list[layers.Held]:
            return layers.enter(self._model, [self._entry(*each) for each in batch], at)

        with torch.inference_mode():
            held = run_isolated(enter, paired(cases, self._checkpoints(cases)), self._room, of_case(cost))
        return dict(zip((case.sample.id for case in cases), held, strict=True))

    def _entry(self, case: PlannedTrial, checkpoint: EncodedSample) -> layers.LayerEntry:
        prompt = checkpoint.prompt(self._model, checkpoint.picture, self._draft(case))
        return layers.LayerEntry(prompt, checkpoint.prepared.visual)

    def _checkpoints(self, cases: Sequence[PlannedTrial]) -> list[Encoded]:
        """What is kept of the clean picture of each case."""
        wanted = {case.sample.id: case.sample for case in cases if case.sample.id not in self._kept}
        clean = self._plan.cases(list(wanted.values()), self._clean)
        self._kept |= zip(wanted, self._see(clean), strict=True)
        return [self._kept[case.sample.id] for case in cases]

    def _see(self, cases: Sequence[PlannedTrial]) -> list[Encoded]:
        with torch.inference_mode():
            return encode_cases(self._model, cases, self._room, self._artifacts, self._pictures, self._feeder)

    @property
    def _clean(self) -> Perturbation:
        return self._plan.perturbations[0]

    def _draft(self, case: PlannedTrial) -> Tokens:
        """What is worth running of the clean answer; nothing for the clean run itself, where it failed, and
        where options are asked for.
        """
        if self._plan.answer == "likelihood" and options(case.sample):
            return ()
        trial = self._plan.trial(case.sample, self._clean, 0)
        known = self._outcomes[trial].tokens if trial in self._outcomes else ()
        return worth_running(self._model, known, self._plan.max_new_tokens)


def _visual(model: VisionLanguageModel, case: PlannedTrial, checkpoint: EncodedSample) -> Tensor:
    """The visual tokens as the decoder gets them."""
    perturbation, prepared, projected = case.perturbation, checkpoint.prepared, checkpoint.projected
    apply = partial(perturbation.apply, rng=case.rng())
    if perturbation.stage is Stage.PROJECTED:
        projected = apply(projected, layout=None)
    visual = model.pack(projected, prepared)
    if perturbation.stage is Stage.VISUAL_TOKENS:
        visual = apply(visual, layout=model.layout(prepared))
    return visual


def _left(
    model: VisionLanguageModel, case: PlannedTrial, checkpoint: EncodedSample, visual: Tensor | None
) -> Left | None:
    """What a perturbation leaves of one row a visual token; None where it leaves them all."""
    if visual is None or len(visual) == int(checkpoint.prepared.visual.sum()):
        return None
    layout = model.layout(checkpoint.prepared)
    return lambda rows: case.perturbation.apply(rows, layout=layout, rng=case.rng())
