"""Captions of pictures by a model, asked, stored and resumed as any other trials are."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import Image

from ipllvm.artifacts.synthetic import picture_key
from ipllvm.engine.context import Context
from ipllvm.engine.executors.base import LOCAL, Executor
from ipllvm.engine.plan import Plan
from ipllvm.engine.requirements import Known
from ipllvm.errors import NotMeasured
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Benchmark, Sample

if TYPE_CHECKING:
    from ipllvm.models.base import VisionLanguageModel

PROMPT = "Please generate a caption of this image."
"""The paper's, section 3.4."""
MAX_NEW_TOKENS = 128


def captions(
    model: "VisionLanguageModel",
    data: Benchmark,
    memory: Callable[[Context], Known],
    batch_size: int,
    progress: Callable[[int], None],
    executor: Executor = LOCAL,
) -> dict[str, str]:
    """The captions of the pictures of `data` by `picture_key`; raises NotMeasured where one fails."""
    pictures = {picture_key(image): sample for sample in data.samples for image in _loaded(sample)}
    asked = {key: _question(key, sample) for key, sample in pictures.items()}
    about = replace(data, max_new_tokens=MAX_NEW_TOKENS)
    answered = memory(Context.of(model.info(), about, image_backend=model.image_backend))
    plan = Plan(tuple(asked.values()), (Clean(),), 1, 0, MAX_NEW_TOKENS, "generate")
    executor.run(model, plan, batch_size, answered, progress)
    found = {}
    for key, sample in asked.items():
        said = answered[plan.trial(sample, Clean(), 0)]
        if said.error is not None:
            raise NotMeasured(
                f"{model.name} can't caption {sample.id}: {said.error.strip().splitlines()[-1]}"
            )
        found[key] = said.text
    return found


def _loaded(sample: Sample) -> Sequence[Image.Image]:
    return [source.load() for source in sample.images]


def _question(key: str, sample: Sample) -> Sample:
    """The request for a caption of a sample's picture, under an id that no question has."""
    return replace(sample, id=f"caption-{key[:16]}", prompt=PROMPT, answer="", choices=(), kind="caption")
