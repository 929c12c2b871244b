"""Which words a model puts around a question: two runs are compared only where they are the same."""

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from ipllvm.engine.store.derived import Derived
from ipllvm.errors import FAULTS
from ipllvm.records import Benchmark, Sample

if TYPE_CHECKING:
    from ipllvm.models.base import VisionLanguageModel

UNKNOWN: Final = "unknown"


def template(model: "VisionLanguageModel", sample: Sample) -> str:
    """A digest (12 hex digits) of the prompt's tokens but the picture's; "unknown" where there is none."""
    if model.sealed:
        from ipllvm.models.whole import WholeModel

        if isinstance(model, WholeModel) and model.wording:
            return model.wording
    try:
        prepared = model.prepare([image.load() for image in sample.images], sample.prompt)
    except FAULTS:  # the trial itself will say so, with its sample
        return UNKNOWN
    words = prepared.input_ids[~prepared.visual].tolist()
    return sha256(repr(words).encode()).hexdigest()[:12]


def of_benchmark(model: "VisionLanguageModel", data: Benchmark, derived: Derived) -> str:
    """The template around the first sample of a benchmark, worked out once for a model."""
    if not data.samples:
        return UNKNOWN
    first = data.samples[0]
    info = model.info()
    key = [info.fingerprint, info.prompt, data.digest, first.id]
    found = derived.find("template", key, str)
    if found is None:
        found = template(model, first)
        derived.keep("template", key, None if found == UNKNOWN else found)
    return found
