"""The pictures of a trial, loaded and perturbed."""

from collections.abc import Hashable

from PIL import Image

from ipllvm.artifacts import Artifacts
from ipllvm.engine.plan import PlannedTrial
from ipllvm.records import ImageSource, NeedsArtifact, Perturbation, Stage


def pictures_of(case: PlannedTrial, artifacts: Artifacts | None) -> list[Image.Image]:
    """The pictures of a trial, perturbed where it is about pixels."""
    images = [source.load() for source in case.sample.images]
    if case.perturbation.stage is not Stage.PIXELS:
        return images
    rng = case.rng()
    return [given(case.perturbation, image, artifacts).apply(image, None, rng) for image in images]


def pictured(case: PlannedTrial) -> Hashable:
    """What names the pictures of a trial: what they are and what became of them."""
    return tuple(map(_named, case.sample.images)), case.trial.perturbation, case.drawn


def given(perturbation: Perturbation, image: Image.Image, artifacts: Artifacts | None) -> Perturbation:
    """The perturbation with what it needs of another model, for this image; raises TypeError without one."""
    if not isinstance(perturbation, NeedsArtifact):
        return perturbation
    if artifacts is None:
        raise TypeError(f"{perturbation} needs a provider of its {perturbation.artifact}")
    return perturbation.given(artifacts.get(perturbation.artifact, image))


def _named(source: ImageSource) -> Hashable:
    return source if isinstance(source, Hashable) else id(source)
