"""Zero-shot recognition by an encoder alone, scored as a model's answers are."""

import traceback
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from ipllvm.benchmarks.templates import CLASSIFICATION, templates
from ipllvm.errors import FAULTS, NotTested
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.encoders import Encoder
from ipllvm.models.recogniser import Recogniser
from ipllvm.records import Benchmark, Sample, Scores


def fitted(model: VisionLanguageModel, benchmark: Benchmark) -> VisionLanguageModel:
    """The model as the benchmark asks it: one that only names classes is told which there are.

    Raises NotTested where a benchmark asks for more than the name of a class.
    """
    if not isinstance(model, Recogniser):
        return model
    known_by = templates(benchmark.name)
    if known_by is None:
        known = " or ".join(name for name in CLASSIFICATION if "@" not in name)
        raise NotTested(f"{model.name} only names what a picture shows: measure it with --benchmark={known}")
    return model.told(classes(benchmark.samples), known_by)


def classes(samples: Sequence[Sample]) -> list[str]:
    """Every class that a sample may be of, in order."""
    return sorted({choice for sample in samples for choice in sample.choices})


def recognise(encoder: Encoder, samples: Sequence[Sample], templates: Sequence[str]) -> Scores:
    """1 where the class that fits a sample's picture best, among its choices, is its answer, else 0.

    A picture that can't be had is NaN with its traceback.
    """
    labels = classes(samples)
    place = {label: number for number, label in enumerate(labels)}
    pictures, errors = _pictures(samples)
    values = np.full((len(samples), 1), np.nan)
    if pictures:
        found = encoder.scores(pictures.values(), labels, templates)
        for (row, _), each in zip(pictures.items(), found, strict=True):
            sample = samples[row]
            best = max(sample.choices, key=lambda choice: each[place[choice]])
            values[row] = best == sample.answer
    ids, clusters = tuple(s.id for s in samples), tuple(s.cluster for s in samples)
    return Scores(f"zero-shot {encoder.identity}", ids, clusters, values, errors)


def _pictures(samples: Sequence[Sample]) -> tuple[dict[int, Image.Image], dict[str, str]]:
    """The pictures by row, and the tracebacks of those that can't be had by sample."""
    found: dict[int, Image.Image] = {}
    errors: dict[str, str] = {}
    for row, sample in enumerate(samples):
        try:
            found[row] = sample.images[0].load()
        except FAULTS:  # an image decoder raises whatever it happens to; it is kept, not scored
            errors[sample.id] = traceback.format_exc()
    return found, errors


def likeness(
    encoder: Encoder, samples: Sequence[Sample], drawn: Mapping[str, UInt8[np.ndarray, "height width 3"]]
) -> Scores:
    """CLIP-I: the cosine of each sample's picture with the one drawn for it, 0 where it is below."""
    originals = encoder.pictures(sample.images[0].load() for sample in samples)
    others = encoder.pictures(Image.fromarray(drawn[sample.id]) for sample in samples)
    cosines = (originals * others).sum(-1).clamp(0, 1).numpy().astype(float)
    ids, clusters = tuple(s.id for s in samples), tuple(s.cluster for s in samples)
    return Scores("clip_i", ids, clusters, cosines[:, None], {})
