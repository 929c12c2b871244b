"""Prompts must fit: a place for the picture, and no more tokens than the model has positions."""

from collections.abc import Sequence

from ipllvm.errors import NotMeasured
from ipllvm.models.base import Prepared, VisionLanguageModel
from ipllvm.records import Sample

LOOKED_AT = 4
"""The longest prompts, by their characters, that stand for all before anything is run."""


def fitting(model: VisionLanguageModel, sample: Sample, prepared: Prepared) -> Prepared:
    """A prepared sample as it is; raises ValueError where its picture has no place or it is too long."""
    if sample.images and not prepared.visual.any():
        raise ValueError(
            "no placeholder of the picture is in the prompt: config.json and tokenizer.json name different "
            "ids for the image token"
        )
    length, limit = len(prepared.input_ids), model.max_positions
    if limit is not None and length > limit:
        raise ValueError(f"the prompt has {length:,} tokens and {model.name} has {limit:,} positions")
    return prepared


def require_fitting(model: VisionLanguageModel, samples: Sequence[Sample]) -> None:
    """Raises NotMeasured, before anything is run, where one of the longest prompts does not fit.

    A sample that can't be prepared for another reason is left to its trial, which will say so.
    """
    for sample in sorted(samples, key=lambda each: -len(each.prompt))[:LOOKED_AT]:
        try:
            prepared = model.prepare([source.load() for source in sample.images], sample.prompt)
        except (OSError, ValueError):
            continue
        try:
            fitting(model, sample, prepared)
        except ValueError as error:
            raise NotMeasured(f"{sample.id}: {error}") from error
