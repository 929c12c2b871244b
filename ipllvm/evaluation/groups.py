"""The grid of groups that a model's visual tokens are divided into."""

from typing import TYPE_CHECKING

from ipllvm.evaluation.evaluation import Evaluation
from ipllvm.records import Sample

if TYPE_CHECKING:
    from ipllvm.models.base import VisionLanguageModel

PAPER, SMALL = 6, 4
"""Groups a side: the paper's, and where a view has fewer rows of tokens than twice as many."""


def group_grid(evaluation: Evaluation) -> int:
    """Into how many rows and columns of groups the picture's tokens are divided, as the first sample shows.

    Kept where outcomes are, so that a run of which all is known need not load the model.
    """
    model, data = evaluation.model, evaluation.planned_benchmark
    info, first = model.info(), data.samples[0]
    key = [info.fingerprint, info.prompt, model.image_backend, data.digest, first.id]
    return evaluation.derived.once("group grid", key, int, lambda: _grid(model, first))


def _grid(model: "VisionLanguageModel", first: Sample) -> int:
    prepared = model.prepare([source.load() for source in first.images], first.prompt)
    layout = model.layout(prepared)
    rows = int(layout.row[layout.view == 0].max()) + 1
    return PAPER if rows >= 2 * PAPER else SMALL
