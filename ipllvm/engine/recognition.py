"""Zero-shot recognition by an encoder alone, scored as a model's answers are."""

import traceback
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from ipllvm.models.encoders import Encoder
from ipllvm.records import Sample, Scores


def recognise(encoder: Encoder, samples: Sequence[Sample], templates: Sequence[str]) -> Scores:
    """1 where the class that fits a sample's picture best, among its choices, is its answer, else 0.

    A picture that can't be had is NaN with its traceback.
    """
    labels = sorted({choice for sample in samples for choice in sample.choices})
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
        except Exception:  # an image decoder raises whatever it happens to; it is kept, not scored
            errors[sample.id] = traceback.format_exc()
    return found, errors


def likeness(encoder: Encoder, samples: Sequence[Sample], drawn: Mapping[str, np.ndarray]) -> Scores:
    """CLIP-I: the cosine of each sample's picture with the one drawn for it, 0 where it is below."""
    originals = encoder.pictures(sample.images[0].load() for sample in samples)
    others = encoder.pictures(Image.fromarray(drawn[sample.id]) for sample in samples)
    cosines = (originals * others).sum(-1).clamp(0, 1).numpy().astype(float)
    ids, clusters = tuple(s.id for s in samples), tuple(s.cluster for s in samples)
    return Scores("clip_i", ids, clusters, cosines[:, None], {})
