"""The grid of groups that a model's visual tokens are divided into."""

from ipllvm.evaluation.evaluation import Evaluation

PAPER, SMALL = 6, 4
"""Groups a side: the paper's, and where a view has fewer rows of tokens than twice as many."""


def group_grid(evaluation: Evaluation) -> int:
    """Into how many rows and columns of groups the picture's tokens are divided."""
    first = evaluation.benchmark.samples[0]
    prepared = evaluation.model.prepare([source.load() for source in first.images], first.prompt)
    layout = evaluation.model.layout(prepared)
    rows = int(layout.row[layout.view == 0].max()) + 1
    return PAPER if rows >= 2 * PAPER else SMALL
