"""Image -> perturb -> prepare -> encode -> project: what token perturbations restart from.

Every distinct picture is encoded and projected once, however many samples and trials share it; a
sample without one goes through as words alone.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor

from ipllvm.artifacts import Artifacts
from ipllvm.engine.isolation import Failure, isolated
from ipllvm.engine.plan import Case
from ipllvm.models.base import Prepared, VisionLanguageModel
from ipllvm.records import NeedsArtifact, Perturbation, Stage


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A sample as far as the projector; `projected` is empty where it has no picture."""

    prepared: Prepared
    projected: Tensor

    @property
    def pictured(self) -> bool:
        """Whether there is a picture to look at."""
        return bool(self.prepared.visual.any())

    def embeds(self, model: VisionLanguageModel) -> Tensor:
        """The decoder's input: visual tokens among the words, or the words alone."""
        if not self.pictured:
            return model.embed_tokens(self.prepared.input_ids.to(model.device))
        return model.embed(self.prepared, model.pack(self.projected, self.prepared))


Seen = Checkpoint | Failure


def see(
    model: VisionLanguageModel, cases: Sequence[Case], size: int, artifacts: Artifacts | None = None
) -> list[Seen]:
    """The checkpoint of each case, perturbed where it is about pixels, in tower calls of `size` pictures."""
    prepared = isolated(lambda one: [_prepare(model, case, artifacts) for case in one], cases, 1)
    keys = [None if isinstance(item, Failure) else _digest(item) for item in prepared]
    distinct = {
        k: p for k, p in zip(keys, prepared, strict=True) if not isinstance(p, Failure) and p.visual.any()
    }
    values = isolated(lambda batch: model.project(model.encode(batch)), list(distinct.values()), size)
    projected = dict(zip(distinct, values, strict=True))
    return [
        p if isinstance(p, Failure) else _checkpoint(p, projected.get(k, torch.empty(0)))
        for k, p in zip(keys, prepared, strict=True)
    ]


def _checkpoint(prepared: Prepared, projected: Tensor | Failure) -> Seen:
    return projected if isinstance(projected, Failure) else Checkpoint(prepared, projected)


def _prepare(model: VisionLanguageModel, case: Case, artifacts: Artifacts | None) -> Prepared:
    images = [source.load() for source in case.sample.images]
    if case.perturbation.stage is Stage.PIXELS:
        rng = case.rng()
        images = [given(case.perturbation, image, artifacts).apply(image, None, rng) for image in images]
    return model.prepare(images, case.sample.prompt)


def given(perturbation: Perturbation, image: Image.Image, artifacts: Artifacts | None) -> Perturbation:
    """The perturbation with what it needs of another model, for this image."""
    if not isinstance(perturbation, NeedsArtifact):
        return perturbation
    if artifacts is None:
        raise TypeError(f"{perturbation} needs a provider of its {perturbation.artifact}")
    return perturbation.given(artifacts.get(perturbation.artifact, image))


def _digest(prepared: Prepared) -> str:
    values = prepared.pixel_values
    shape = f"{tuple(values.shape)} {prepared.image_size}"
    return hashlib.sha256(values.contiguous().numpy().tobytes() + shape.encode()).hexdigest()
