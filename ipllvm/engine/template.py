"""Which words a model puts around a question: two runs are compared only where they are the same."""

from hashlib import sha256

from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.whole import WholeModel
from ipllvm.records import Sample


def template(model: VisionLanguageModel, sample: Sample) -> str:
    """A digest (12 hex digits) of the prompt's tokens but the picture's; "unknown" where there is none."""
    if isinstance(model, WholeModel) and model.wording:
        return model.wording
    try:
        prepared = model.prepare([image.load() for image in sample.images], sample.prompt)
    except Exception:  # the trial itself will say so, with its sample
        return "unknown"
    words = prepared.input_ids[~prepared.visual].tolist()
    return sha256(repr(words).encode()).hexdigest()[:12]
