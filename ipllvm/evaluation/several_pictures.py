"""Whether a model takes several pictures in one question."""

from typing import TYPE_CHECKING

from ipllvm.errors import NotTested
from ipllvm.evaluation.evaluation import Evaluation
from ipllvm.records import Sample

if TYPE_CHECKING:
    from ipllvm.models.base import VisionLanguageModel

TAKEN = ""


def require_taken(evaluation: Evaluation, sample: Sample) -> None:
    """Raises NotTested where the model refuses the pictures of a sample together.

    What it says is kept where outcomes are, so that a run of which all is known need not load it; not of a
    served model, which may be another one tomorrow.
    """
    model = evaluation.model
    refusal = _refusal(model, sample) if model.sealed else _known(evaluation, sample)
    if refusal:
        raise NotTested(f"{model.name} takes one picture a question: {refusal}")


def _known(evaluation: Evaluation, sample: Sample) -> str:
    model, data = evaluation.model, evaluation.planned_benchmark
    key = [model.info().fingerprint, model.image_backend, len(sample.images), data.digest]
    return evaluation.derived.once("several pictures", key, str, lambda: _refusal(model, sample))


def _refusal(model: "VisionLanguageModel", sample: Sample) -> str:
    try:
        model.prepare([image.load() for image in sample.images], sample.prompt)
    except ValueError as error:
        return str(error) or "it says no more"
    return TAKEN
