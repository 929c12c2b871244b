"""Run a plan: each trial restarts at the stage that its perturbation enters.

Per chunk of samples every distinct image is encoded and projected once. The clean answers come
first: their projected tokens are the checkpoints that token perturbations restart from, and the
answers are the drafts that perturbed answers are verified against.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ipllvm.engine.decoding import Tokens, greedy
from ipllvm.engine.isolation import Failure, isolated
from ipllvm.engine.plan import Case, Plan
from ipllvm.models.base import Prepared, VisionLanguageModel
from ipllvm.records import Response, Sample, Stage, Trial

Outcomes = dict[Trial, Response]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A sample as far as the projector."""

    prepared: Prepared
    projected: Tensor


Seen = Checkpoint | Failure


def run(
    model: VisionLanguageModel,
    plan: Plan,
    batch_size: int,
    outcomes: Outcomes,
    progress: Callable[[int], None],
) -> None:
    """Put the response to every trial of `plan` into `outcomes`, chunk by chunk.

    `outcomes` belongs to the caller, so that what is in it stays when a run is interrupted.
    `progress` is told the number of trials done.
    """
    for samples in plan.chunks(batch_size):
        with torch.inference_mode():
            outcomes.update(_chunk(model, plan, samples, batch_size))
        progress(len(outcomes))


def _chunk(model: VisionLanguageModel, plan: Plan, samples: Sequence[Sample], size: int) -> Outcomes:
    clean, *perturbations = plan.perturbations
    cases = plan.cases(samples, clean)
    seen = _see(model, cases, size)
    answers = _answers(model, plan, cases, seen, {}, size)
    outcomes = _responses(model, cases, answers)
    checkpoints = dict(zip((s.id for s in samples), seen, strict=True))
    drafts = {s.id: a for s, a in zip(samples, answers, strict=True) if not isinstance(a, Failure)}
    for perturbation in perturbations:
        cases = plan.cases(samples, perturbation)
        pixels = perturbation.stage is Stage.PIXELS
        seen = _see(model, cases, size) if pixels else [checkpoints[c.sample.id] for c in cases]
        outcomes |= _responses(model, cases, _answers(model, plan, cases, seen, drafts, size))
    return outcomes


def _responses(
    model: VisionLanguageModel, cases: Sequence[Case], answers: Sequence[Tokens | Failure]
) -> Outcomes:
    return {
        case.trial: Response("", error=answer.traceback)
        if isinstance(answer, Failure)
        else Response(model.text(answer), answer)
        for case, answer in zip(cases, answers, strict=True)
    }


def _see(model: VisionLanguageModel, cases: Sequence[Case], size: int) -> list[Seen]:
    """Image -> perturb -> prepare -> encode -> project; each distinct image once."""
    prepared = isolated(lambda one: [_prepare(model, case) for case in one], cases, 1)
    keys = [None if isinstance(item, Failure) else _digest(item) for item in prepared]
    distinct = {k: p for k, p in zip(keys, prepared, strict=True) if not isinstance(p, Failure)}
    values = isolated(lambda batch: model.project(model.encode(batch)), list(distinct.values()), size)
    projected = dict(zip(distinct, values, strict=True))
    return [
        p if isinstance(p, Failure) else _checkpoint(p, projected[k])
        for k, p in zip(keys, prepared, strict=True)
    ]


def _checkpoint(prepared: Prepared, projected: Tensor | Failure) -> Seen:
    return projected if isinstance(projected, Failure) else Checkpoint(prepared, projected)


def _prepare(model: VisionLanguageModel, case: Case) -> Prepared:
    images = [source.load() for source in case.sample.images]
    if case.perturbation.stage is Stage.PIXELS:
        rng = case.rng()
        images = [case.perturbation.apply(image, None, rng) for image in images]
    return model.prepare(images, case.sample.prompt)


def _digest(prepared: Prepared) -> str:
    values = prepared.pixel_values
    shape = f"{tuple(values.shape)} {prepared.image_size}"
    return hashlib.sha256(values.contiguous().numpy().tobytes() + shape.encode()).hexdigest()


def _answers(
    model: VisionLanguageModel,
    plan: Plan,
    cases: Sequence[Case],
    seen: Sequence[Seen],
    drafts: dict[str, Tokens],
    size: int,
) -> list[Tokens | Failure]:
    """Perturb -> pack -> embed -> decode, in batches of `size`."""

    def work(batch: Sequence[tuple[Case, Checkpoint]]) -> list[Tokens]:
        embeds = [_embeds(model, case, checkpoint) for case, checkpoint in batch]
        guesses = [drafts.get(case.sample.id, ()) for case, _ in batch]
        return greedy(model, embeds, plan.max_new_tokens, guesses)

    pairs = [s if isinstance(s, Failure) else (case, s) for case, s in zip(cases, seen, strict=True)]
    return isolated(work, pairs, size)


def _embeds(model: VisionLanguageModel, case: Case, checkpoint: Checkpoint) -> Tensor:
    perturbation, prepared, projected = case.perturbation, checkpoint.prepared, checkpoint.projected
    apply = partial(perturbation.apply, rng=case.rng())
    if perturbation.stage is Stage.PROJECTED:
        projected = apply(projected, layout=None)
    visual = model.pack(projected, prepared)
    if perturbation.stage is Stage.VISUAL_TOKENS:
        visual = apply(visual, layout=model.layout(prepared))
    return model.embed(prepared, visual)
