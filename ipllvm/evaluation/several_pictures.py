"""Whether a model takes several pictures in one question."""

from ipllvm.errors import NotTested
from ipllvm.evaluation.evaluation import Evaluation
from ipllvm.records import Sample

TAKEN = ""


def require_taken(evaluation: Evaluation, sample: Sample) -> None:
    """Raises NotTested where the model refuses the pictures of a sample together.

    What it says is kept where outcomes are, so that a run of which all is known need not load it.
    """
    model = evaluation.model
    key = [
        model.info().fingerprint,
        model.image_backend,
        len(sample.images),
        evaluation.planned_benchmark.digest,
    ]
    if refusal := evaluation.derived.once("several pictures", key, str, lambda: _refusal(evaluation, sample)):
        raise NotTested(f"{model.name} takes one picture a question: {refusal}")


def _refusal(evaluation: Evaluation, sample: Sample) -> str:
    try:
        evaluation.model.prepare([image.load() for image in sample.images], sample.prompt)
    except ValueError as error:
        return str(error) or "it says no more"
    return TAKEN
