"""Tasks of lmms-eval, where that harness is installed: its prompts, pictures and scoring, row by row.

Written against lmms-eval 0.7.3. A folder of one's own tasks is found through $IPLLVM_LMMS_TASKS.
"""

import os
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from ipllvm.errors import FAULTS, BenchmarkUnavailable, NotMeasured, UsageError

MODEL = "llava_hf"
"""Whose prompt variants are taken."""


@cache
def task(name: str) -> Any:
    """A task by its name; raises BenchmarkUnavailable without the harness, UsageError for no single task."""
    try:
        tasks = import_module("lmms_eval.tasks")
    except ImportError as error:
        raise BenchmarkUnavailable(f"lmms:{name} needs the package lmms-eval: {_line(error)}") from error
    try:
        manager = tasks.TaskManager(
            "ERROR", include_path=os.environ.get("IPLLVM_LMMS_TASKS"), model_name=MODEL
        )
        if name not in manager.all_tasks:
            raise UsageError(f"lmms:{name}: lmms-eval knows no such task")
        found: Mapping[Any, Any] = tasks.get_task_dict([name], manager, "simple")
    except UsageError:
        raise
    except FAULTS as error:  # a task runs code of its own: whatever it raises, it is not here
        raise BenchmarkUnavailable(f"lmms:{name} can't be loaded: {_line(error)}") from error
    chosen = found.get(name)
    if chosen is None or isinstance(chosen, Mapping):
        raise UsageError(f"lmms:{name} is a group of tasks: name one of them")
    return chosen


def rows(name: str) -> Iterator[tuple[str, list[Any], str]]:
    """Prompt, pictures (PIL) and answer of every row, in their order."""
    chosen = task(name)
    for row in chosen.eval_docs:
        yield str(chosen.doc_to_text(row)), list(chosen.doc_to_visual(row) or ()), _target(chosen, row)


def pictures(name: str, row: int) -> list[Any]:
    """The pictures of a row."""
    chosen = task(name)
    return list(chosen.doc_to_visual(chosen.eval_docs[row]) or ())


def max_new_tokens(name: str) -> int:
    """The token limit of a task, 1,024 where it has none, as lmms-eval's LLaVA has it."""
    given = getattr(task(name).config, "generation_kwargs", None) or {}
    return int(given.get("max_new_tokens", 1024))


def score(name: str, row: int, text: str) -> tuple[float, str, str]:
    """The score in [0, 1], what the task's filters left of the text, and the metric.

    Raises NotMeasured where none of the task's metrics is a number of one row.
    """
    chosen = task(name)
    doc = chosen.eval_docs[row]
    said = _filtered(chosen, text, doc)
    found: Mapping[str, Any] = chosen.process_results(doc, [said])
    for metric, value in found.items():
        number = value.get("score") if isinstance(value, Mapping) else value
        if isinstance(number, bool | int | float) and 0 <= number <= 1:
            return float(number), said, metric
    raise NotMeasured(f"lmms:{name}: none of {', '.join(found)} is a score of one row")


def _filtered(chosen: Any, text: str, doc: Any) -> str:
    """What the first of the task's filters leaves of a response."""
    responses: list[Any] = [[text]]
    for ensemble in list(getattr(chosen, "_filters", ()))[:1]:
        for each in ensemble.filters:
            responses = list(each.apply(responses, [doc]))
    left = responses[0]
    return str(left[0] if isinstance(left, list) else left)


def _target(chosen: Any, row: Any) -> str:
    try:
        return str(chosen.doc_to_target(row))
    except FAULTS:  # shown only: the task scores by itself
        return ""


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
