"""Run what is missing of a plan: each trial restarts at the stage that its perturbation enters.

Samples go in chunks. The clean answers come first: the projected tokens of the clean pass are the
checkpoints that token perturbations restart from, and the answers are the drafts that perturbed
answers are verified against. Nothing is computed for a trial whose outcome is known, and each batch
is handed over as soon as it is answered.
"""

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from functools import partial
from itertools import groupby

import torch
from torch import Tensor

from ipllvm.artifacts import Artifacts
from ipllvm.engine import layers
from ipllvm.engine.answering import respond
from ipllvm.engine.decoding import Tokens, behind, speaking, until_stop
from ipllvm.engine.isolation import Failure, isolated
from ipllvm.engine.plan import Case, Plan
from ipllvm.engine.seeing import Checkpoint, Seen, see
from ipllvm.errors import NotTested
from ipllvm.models.base import VisionLanguageModel
from ipllvm.records import Perturbation, Response, Sample, Stage, Trial

Outcomes = dict[Trial, Response]
Known = MutableMapping[Trial, Response]


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
    for samples in plan.chunks(batch_size):
        for batch in _Chunk(model, plan, samples, batch_size, outcomes, artifacts).batches():
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
        size: int,
        outcomes: Known,
        artifacts: Artifacts | None,
    ) -> None:
        self._model, self._plan, self._samples, self._size = model, plan, samples, size
        self._outcomes, self._artifacts = outcomes, artifacts
        self._seen: dict[str, Seen] = {}

    def batches(self) -> Iterator[Outcomes]:
        """The missing outcomes: the clean ones, then those of each perturbation, then of the layers."""
        deep = [p for p in self._plan.perturbations if p.stage is Stage.HIDDEN_STATES]
        for _, alike in groupby((p for p in self._plan.perturbations if p not in deep), key=_kind):
            cases = [case for perturbation in alike for case in self._missing(perturbation)]
            yield from self._answered(cases)
        waiting = [(s, [c for p in deep for c in self._missing(p, [s])]) for s in self._samples]
        waiting = [(sample, cases) for sample, cases in waiting if cases]
        if waiting:
            yield self._entered(waiting)

    def _missing(self, perturbation: Perturbation, samples: Sequence[Sample] | None = None) -> list[Case]:
        cases = self._plan.cases(self._samples if samples is None else samples, perturbation)
        return [case for case in cases if case.trial not in self._outcomes]

    def _checkpoints(self, cases: Sequence[Case]) -> list[Seen]:
        """Where each case starts: at its own pixels, or at what is kept of the clean picture."""
        if cases[0].perturbation.stage is Stage.PIXELS and cases[0].perturbation != self._clean:
            return self._see(cases)
        wanted = {case.sample.id: case.sample for case in cases if case.sample.id not in self._seen}
        clean = self._plan.cases(list(wanted.values()), self._clean)
        self._seen |= zip(wanted, self._see(clean), strict=True)
        return [self._seen[case.sample.id] for case in cases]

    def _see(self, cases: Sequence[Case]) -> list[Seen]:
        with torch.inference_mode():
            return see(self._model, cases, self._size, self._artifacts)

    @property
    def _clean(self) -> Perturbation:
        return self._plan.perturbations[0]

    def _draft(self, case: Case) -> Tokens:
        """The clean answer; nothing for the clean run itself and where it failed."""
        trial = self._plan.trial(case.sample, self._clean, 0)
        return self._outcomes[trial].tokens if trial in self._outcomes else ()

    def _answered(self, cases: Sequence[Case]) -> Iterator[Outcomes]:
        """Perturb -> pack -> embed -> decode, batch by batch: more prompts in it where they are short."""

        @torch.inference_mode()
        def work(batch: Sequence[tuple[Case, Checkpoint]]) -> list[Response]:
            model, plan = self._model, self._plan
            embeds = [_embeds(model, case, checkpoint) for case, checkpoint in batch]
            drafts = [until_stop(model, self._draft(case), plan.max_new_tokens) for case, _ in batch]
            samples, lengths = [case.sample for case, _ in batch], [len(e) for e in embeds]
            spoken = speaking(model, lengths, drafts)
            hidden, cache = model.decoder(behind(model, embeds, drafts), wanted=spoken)
            return respond(
                model, samples, plan.answer, lengths, drafts, hidden, lambda: cache, plan.max_new_tokens
            )

        while cases:
            seen = self._checkpoints(cases[: self._size])
            size = self._size * _room(cases[0], seen[0])
            batch, cases = cases[:size], cases[size:]
            seen += self._checkpoints(batch[len(seen) :]) if len(batch) > len(seen) else []
            pairs = [s if isinstance(s, Failure) else (c, s) for c, s in zip(batch, seen, strict=True)]
            yield self._responses(batch, isolated(work, pairs, size))

    def _entered(self, waiting: Sequence[tuple[Sample, list[Case]]]) -> Outcomes:
        """The answers of the cases that enter at a decoder layer."""

        @torch.inference_mode()
        def work(batch: Sequence[tuple[list[Case], Checkpoint]]) -> list[list[Response]]:
            entries = [self._entry(cases[0], checkpoint) for cases, checkpoint in batch]
            own = [cases for cases, _ in batch]
            size = max(1, self._size * len(batch) // len(waiting))  # halved as the batch is
            return layers.answers(self._model, self._plan, entries, own, size)

        seen = self._checkpoints([cases[0] for _, cases in waiting])
        pairs = [
            s if isinstance(s, Failure) else (cases, s) for (_, cases), s in zip(waiting, seen, strict=True)
        ]
        found: Outcomes = {}
        for (_, cases), answers in zip(waiting, isolated(work, pairs, self._size), strict=True):
            spread = [answers] * len(cases) if isinstance(answers, Failure) else answers
            found |= self._responses(cases, spread)
        return found

    def _entry(self, case: Case, checkpoint: Checkpoint) -> layers.Entry:
        embeds = checkpoint.embeds(self._model)
        return layers.Entry(embeds, checkpoint.prepared.visual, self._draft(case))

    def _responses(self, cases: Sequence[Case], answers: Sequence[Response | Failure]) -> Outcomes:
        return {
            case.trial: Response("", error=answer.traceback) if isinstance(answer, Failure) else answer
            for case, answer in zip(cases, answers, strict=True)
        }


def _room(case: Case, seen: Seen) -> int:
    """How many prompts like this one take the room of one with all its visual tokens."""
    share = getattr(case.perturbation, "share", 1.0)
    if isinstance(seen, Failure) or share == 1:
        return 1
    visual = int(seen.prepared.visual.sum())
    positions = len(seen.prepared.input_ids)
    return max(1, int(positions / (positions - visual * (1 - share))))


def _kind(perturbation: Perturbation) -> tuple[Stage, str]:
    """Perturbations of one kind make prompts of one length: their trials share batches."""
    return perturbation.stage, type(perturbation).__name__


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
