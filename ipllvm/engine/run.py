"""Run what is missing of a plan: each trial restarts at the stage that its perturbation enters.

Samples go in chunks. The clean answers come first: the projected tokens of the clean pass are the
checkpoints that token perturbations restart from, and the answers are the drafts that perturbed
answers are verified against. Nothing is computed for a trial whose outcome is known, and each batch
is handed over as soon as it is answered.
"""

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from functools import partial
from itertools import groupby
from typing import TypeVar

import torch
from torch import Tensor

from ipllvm.artifacts import Artifacts
from ipllvm.engine import layers
from ipllvm.engine.answering import respond
from ipllvm.engine.decoding import Tokens, prefill, until_stop
from ipllvm.engine.isolation import Failure, Room, isolated
from ipllvm.engine.plan import Case, Plan
from ipllvm.engine.prefix import Prefixes
from ipllvm.engine.seeing import Checkpoint, Pictures, Seen, see
from ipllvm.errors import NotTested
from ipllvm.models.base import VisionLanguageModel
from ipllvm.records import Perturbation, Response, Sample, Stage, Trial

Outcomes = dict[Trial, Response]
Known = MutableMapping[Trial, Response]
Start = TypeVar("Start")


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
    part that a perturbation enters.
    """
    require(model, plan.perturbations)
    done = sum(trial in outcomes for trial in plan.trials())
    progress(done)
    room, pictures, prefixes = Room(batch_size), Pictures(), Prefixes(model)
    for samples in plan.chunks(batch_size):
        chunk = _Chunk(model, plan, samples, outcomes, room, pictures, prefixes, artifacts)
        for batch in chunk.batches():
            outcomes.update(batch)
            done += len(batch)
            progress(done)


def require(model: VisionLanguageModel, perturbations: Sequence[Perturbation]) -> None:
    """Raises NotTested where the model can't be perturbed at the stage of one of them."""
    for perturbation in perturbations:
        if perturbation.stage not in model.stages:
            what = str(perturbation.stage).replace("_", " ")
            raise NotTested(f"{model.name} has no {what} to perturb")


class _Chunk:
    """The samples in flight: their checkpoints and clean answers, made when first needed."""

    def __init__(
        self,
        model: VisionLanguageModel,
        plan: Plan,
        samples: Sequence[Sample],
        outcomes: Known,
        room: Room,
        pictures: Pictures,
        prefixes: Prefixes,
        artifacts: Artifacts | None,
    ) -> None:
        self._model, self._plan, self._samples, self._outcomes = model, plan, samples, outcomes
        self._room, self._pictures, self._prefixes, self._artifacts = room, pictures, prefixes, artifacts
        self._kept: dict[str, Seen] = {}

    def batches(self) -> Iterator[Outcomes]:
        """The missing outcomes: the clean ones, then those of each perturbation, then of the layers."""
        deep = [p for p in self._plan.perturbations if p.stage is Stage.HIDDEN_STATES]
        for _, alike in groupby((p for p in self._plan.perturbations if p not in deep), key=_kind):
            yield from self._answered(self._missing(list(alike)))
        yield from self._entered(self._missing(deep))

    def _missing(self, perturbations: Sequence[Perturbation]) -> list[Case]:
        cases = [case for p in perturbations for case in self._plan.cases(self._samples, p)]
        return [case for case in cases if case.trial not in self._outcomes]

    def _answered(self, cases: list[Case]) -> Iterator[Outcomes]:
        """Perturb -> pack -> embed -> decode, batch by batch: more prompts in it where they are short."""
        if not cases:
            return
        changed = cases[0].perturbation.stage is Stage.PIXELS and cases[0].perturbation != self._clean
        cases = cases if changed else self._by_length(cases)
        each = 1 if changed else _each(cases[-1], self._checkpoints(cases[-1:])[0])

        def ask(batch: Sequence[tuple[Case, Checkpoint]]) -> list[Response]:
            model = self._model
            embeds = [_embeds(model, case, checkpoint) for case, checkpoint in batch]
            prefix = self._prefixes.shared([checkpoint.prepared for _, checkpoint in batch], embeds)
            prefilled = prefill(model, embeds, [self._draft(case) for case, _ in batch], prefix)
            samples = [case.sample for case, _ in batch]
            return respond(model, samples, self._plan.answer, prefilled, self._plan.max_new_tokens)

        for batch in self._room.batches(cases, each):
            seen = self._see(batch) if changed else self._checkpoints(batch)
            yield self._outcomes_of(ask, batch, seen, each)

    def _entered(self, cases: list[Case]) -> Iterator[Outcomes]:
        """The clean pass over the samples, then batches of trials that enter at one layer."""
        if not cases:
            return
        held = self._passed(cases)

        def ask(batch: Sequence[tuple[Case, layers.Held]]) -> list[Response]:
            model, limit = self._model, self._plan.max_new_tokens
            prefilled = layers.entered(model, batch, limit)
            return respond(model, [case.sample for case, _ in batch], self._plan.answer, prefilled, limit)

        def alike(case: Case) -> tuple[int, int]:
            found = held[case.sample.id]
            return layers.layer_of(case), 0 if isinstance(found, Failure) else found.number

        for _, group in groupby(sorted(cases, key=alike), key=alike):
            for batch in self._room.batches(list(group)):
                yield self._outcomes_of(ask, batch, [held[case.sample.id] for case in batch])

    def _passed(self, cases: Sequence[Case]) -> dict[str, layers.Held | Failure]:
        """Where each sample of some cases is in a clean pass that keeps the inputs of their layers."""
        own = list({case.sample.id: case for case in cases}.values())
        at = [layers.layer_of(case) for case in cases]

        def enter(batch: Sequence[tuple[Case, Checkpoint]]) -> list[layers.Held]:
            return layers.enter(self._model, [self._entry(*each) for each in batch], at)

        with torch.inference_mode():
            held = isolated(enter, _paired(own, self._checkpoints(own)), self._room)
        return dict(zip((case.sample.id for case in own), held, strict=True))

    def _entry(self, case: Case, checkpoint: Checkpoint) -> layers.Entry:
        return layers.Entry(checkpoint.embeds(self._model), checkpoint.prepared.visual, self._draft(case))

    def _outcomes_of(
        self,
        ask: Callable[[Sequence[tuple[Case, Start]]], list[Response]],
        batch: Sequence[Case],
        starts: Sequence[Start | Failure],
        each: int = 1,
    ) -> Outcomes:
        """What is said in a batch, each case from where it starts."""
        with torch.inference_mode():
            answers = isolated(ask, _paired(batch, starts), self._room, each)
        return {
            case.trial: Response("", error=answer.traceback) if isinstance(answer, Failure) else answer
            for case, answer in zip(batch, answers, strict=True)
        }

    def _checkpoints(self, cases: Sequence[Case]) -> list[Seen]:
        """What is kept of the clean picture of each case."""
        wanted = {case.sample.id: case.sample for case in cases if case.sample.id not in self._kept}
        clean = self._plan.cases(list(wanted.values()), self._clean)
        self._kept |= zip(wanted, self._see(clean), strict=True)
        return [self._kept[case.sample.id] for case in cases]

    def _see(self, cases: Sequence[Case]) -> list[Seen]:
        with torch.inference_mode():
            return see(self._model, cases, self._room, self._artifacts, self._pictures)

    def _by_length(self, cases: Sequence[Case]) -> list[Case]:
        """Cases that start at clean pictures, so that prompts of about one length share a batch."""
        seen = zip(cases, self._checkpoints(cases), strict=True)
        length = {c.sample.id: 0 if isinstance(s, Failure) else len(s.prepared.input_ids) for c, s in seen}
        return sorted(cases, key=lambda case: length[case.sample.id])

    @property
    def _clean(self) -> Perturbation:
        return self._plan.perturbations[0]

    def _draft(self, case: Case) -> Tokens:
        """The clean answer; nothing for the clean run itself and where it failed."""
        trial = self._plan.trial(case.sample, self._clean, 0)
        known = self._outcomes[trial].tokens if trial in self._outcomes else ()
        return until_stop(self._model, known, self._plan.max_new_tokens)


def _paired(cases: Sequence[Case], starts: Sequence[Start | Failure]) -> list[tuple[Case, Start] | Failure]:
    return [s if isinstance(s, Failure) else (case, s) for case, s in zip(cases, starts, strict=True)]


def _each(case: Case, seen: Seen) -> int:
    """How many prompts like this one take the room of one with all its visual tokens."""
    share = _share(case.perturbation)
    if isinstance(seen, Failure) or share == 1:
        return 1
    visual = int(seen.prepared.visual.sum())
    positions = len(seen.prepared.input_ids)
    return max(1, int(positions / (positions - visual * (1 - share))))


def _share(perturbation: Perturbation) -> float:
    """How many of the visual tokens it leaves."""
    return float(getattr(perturbation, "share", 1.0))


def _kind(perturbation: Perturbation) -> tuple[Stage, str, float]:
    """Perturbations of one kind make prompts of one length: their trials share batches."""
    return perturbation.stage, type(perturbation).__name__, _share(perturbation)


def _embeds(model: VisionLanguageModel, case: Case, checkpoint: Checkpoint) -> Tensor:
    perturbation, prepared, projected = case.perturbation, checkpoint.prepared, checkpoint.projected
    if not checkpoint.pictured:  # nothing that could be perturbed before the decoder
        return checkpoint.embeds(model)
    apply = partial(perturbation.apply, rng=case.rng())
    if perturbation.stage is Stage.PROJECTED:
        projected = apply(projected, layout=None)
    visual = model.pack(projected, prepared)
    if perturbation.stage is Stage.VISUAL_TOKENS:
        visual = apply(visual, layout=model.layout(prepared))
    return model.embed(prepared, visual)
