"""A task of lmms-eval scores its own rows: its filters, then its `process_results`."""

from ipllvm import lmms_tasks
from ipllvm.records import Sample, Score


def task(response_text: str, sample: Sample) -> Score:
    """The task's first metric that is a number of one row, in [0, 1]; `note` names it.

    Raises ValueError for a sample of no task, NotMeasured where no metric is of one row.
    """
    facts = dict(sample.labels)
    if "lmms_task" not in facts:
        raise ValueError(f"sample '{sample.id}' is not of a task of lmms-eval")
    value, said, metric = lmms_tasks.score(facts["lmms_task"], int(facts["lmms_row"]), response_text)
    return Score(value, said or None, metric)
