"""What encoders and language models other than the model itself compute on a benchmark, cached in the store.

The key holds the companion models, numerics, library versions, data and code. What a part that is already
loaded computes (deferred_parts.py) is computed again. Imports no torch.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ipllvm.benchmarks.captions import caption
from ipllvm.engine import deferred_parts, preflight
from ipllvm.engine.store import source_code
from ipllvm.metrics.alignment import Alignment, align
from ipllvm.records import Sample, Scores
from ipllvm.sampling import generator

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8

    from ipllvm.evaluation.evaluation import Evaluation
    from ipllvm.models.encoders import Encoder
    from ipllvm.models.text import LanguageModel

SIDES = ("encoder", "projector_input", "projector")
"""What of a model is aligned with language models."""
ROOMS = ("artifacts", "benchmarks", "engine", "evaluation", "metrics", "models")
"""Whose code these numbers come from."""


@dataclass(frozen=True, slots=True)
class AlignmentRecord:
    """An alignment as it is written down."""

    best: tuple[int, int]
    observed: float
    values: list[float]
    null: list[float]
    cka: float | None
    halves: list[list[float]]

    @classmethod
    def of(cls, found: Alignment) -> "AlignmentRecord":
        """What is written of one."""
        numbers = found.values.tolist(), found.null.tolist()
        return cls(found.best, found.observed, *numbers, found.cka, found.halves.tolist())

    def alignment(self) -> Alignment:
        """What was written."""
        halves = np.reshape(np.array(self.halves, dtype=float), (-1, len(self.values)))
        numbers = np.array(self.values), np.array(self.null)
        return Alignment(self.best, self.observed, *numbers, self.cka, halves)


def alignments(
    evaluation: "Evaluation",
    encoder: "Encoder",
    models: "Mapping[str, LanguageModel]",
    pool: Sequence[Sample],
) -> dict[tuple[str, str], Alignment]:
    """How the encoder, the projector's input and its output agree with each language model on the captions
    of a pool of pictures, by side and name; each language model is kept alone, as it is done.
    """
    stacks: dict[str, Float[np.ndarray, "pictures layers width"]] = {}

    def aligned(name: str) -> dict[str, AlignmentRecord]:
        if not stacks:
            stacks.update(_pictures(evaluation, encoder, pool))
        texts = models[name].features([caption(sample) for sample in pool])
        seed, clusters = evaluation.settings.seed, [sample.cluster for sample in pool]
        return {
            side: AlignmentRecord.of(align(stack, texts, generator(seed, side, name), clusters=clusters))
            for side, stack in stacks.items()
        }

    found: dict[tuple[str, str], Alignment] = {}
    for name, model in models.items():
        how = [evaluation.settings.seed, evaluation.batch_size, name]
        key = _key(evaluation, pool, [encoder, model], how)
        sides = None if key is None else evaluation.derived.find("alignment", key, dict[str, AlignmentRecord])
        if sides is None:
            sides = aligned(name)
            if key is not None:
                evaluation.derived.keep("alignment", key, sides)
        found |= {(side, name): each.alignment() for side, each in sides.items()}
    return found


def _pictures(
    evaluation: "Evaluation", encoder: "Encoder", pool: Sequence[Sample]
) -> "dict[str, Float[np.ndarray, 'pictures layers width']]":
    """What each side makes of the pictures of a pool."""
    from ipllvm.engine.features import projected

    tokens, _ = encoder.states(sample.images[0].load() for sample in pool)
    before, after = projected(evaluation.model, pool, evaluation.batch_size)
    return dict(zip(SIDES, (tokens, before, after), strict=True))


def likeness(
    evaluation: "Evaluation", encoder: "Encoder", drawn: "Mapping[str, UInt8[np.ndarray, 'height width 3']]"
) -> Scores:
    """As `engine.recognition.likeness` of the evaluation's samples."""
    total = hashlib.sha256()
    for sample in evaluation.benchmark.samples:
        total.update(np.ascontiguousarray(drawn[sample.id]).tobytes())

    def make() -> Scores:
        from ipllvm.engine import recognition

        return recognition.likeness(encoder, evaluation.benchmark.samples, drawn)

    return _scores(evaluation, "likeness", encoder, [total.hexdigest()], make)


def recognised(evaluation: "Evaluation", encoder: "Encoder", templates: Sequence[str]) -> Scores:
    """As `engine.recognition.recognise` of the evaluation's samples."""

    def make() -> Scores:
        from ipllvm.engine import recognition

        return recognition.recognise(encoder, evaluation.benchmark.samples, templates)

    return _scores(evaluation, "recognition", encoder, list(templates), make)


def _scores(
    evaluation: "Evaluation", kind: str, encoder: "Encoder", further: list[Any], make: Callable[[], Scores]
) -> Scores:
    """Scores of one draw; those with a picture that could not be had are not kept: it may be had tomorrow."""
    samples = evaluation.benchmark.samples
    key = _key(evaluation, samples, [encoder], further)
    found = None if key is None else evaluation.derived.find(kind, key, tuple[str, list[float]])
    if found is None:
        scores = make()
        if key is not None and not scores.errors:
            evaluation.derived.keep(kind, key, (scores.perturbation, scores.values[:, 0].tolist()))
        return scores
    name, values = found
    ids, clusters = tuple(each.id for each in samples), tuple(each.cluster for each in samples)
    return Scores(name, ids, clusters, np.array(values)[:, None], {})


def _key(
    evaluation: "Evaluation", samples: Sequence[Sample], parts: Sequence[object], further: list[Any]
) -> list[Any] | None:
    """What fixes the numbers; None where a part is at hand, or the model may be another one tomorrow."""
    identities = [deferred_parts.key(part) for part in parts]
    if None in identities or evaluation.model.sealed:
        return None
    data = [preflight.key(evaluation.model, evaluation.planned_benchmark), [each.id for each in samples]]
    return [*identities, *data, source_code.digest(*ROOMS), *further]
