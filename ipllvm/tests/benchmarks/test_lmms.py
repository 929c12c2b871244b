"""Tasks of lmms-eval, by a small package that has its interface (0.7.3), and by itself where it is here."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ipllvm import lmms_tasks
from ipllvm.benchmarks import choice
from ipllvm.errors import BenchmarkUnavailable, NotMeasured, UsageError
from ipllvm.registry import SCORERS

TASKS = """
from types import SimpleNamespace
from PIL import Image

class First:
    def apply(self, resps, docs):
        return [each[0].strip() for each in resps]

class Toy:
    config = SimpleNamespace(generation_kwargs={"max_new_tokens": 7})
    eval_docs = [{"q": "Which?", "a": "B", "n": n} for n in range(3)]
    _filters = [SimpleNamespace(name="none", filters=[First()])]
    def doc_to_text(self, doc): return doc["q"] + "\\nBriefly."
    def doc_to_visual(self, doc): return [Image.new("L", (4, 4), doc["n"])]
    def doc_to_target(self, doc): return doc["a"]
    def process_results(self, doc, results):
        right = float(results[0] == doc["a"])
        return {"submission": {"id": doc["n"]}, "acc": {"score": right, "category": "x"}}

class Whole(Toy):
    def process_results(self, doc, results): return {"bleu": [results[0], doc["a"]]}

class Blind(Toy):
    def doc_to_visual(self, doc): return []

class TaskManager:
    all_tasks = ["toy", "whole", "blind", "group", "broken"]
    def __init__(self, verbosity="INFO", include_path=None, include_defaults=True, model_name=None): pass

def get_task_dict(names, manager=None, task_type="simple"):
    if names == ["broken"]:
        raise RuntimeError("no data\\nfor this")
    made = {"toy": Toy(), "whole": Whole(), "blind": Blind()}
    return {"g": {}} if names == ["group"] else {names[0]: made[names[0]]}
"""


@pytest.fixture
def harness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package lmms_eval with a few tasks."""
    home = tmp_path / "lmms_eval" / "tasks"
    home.mkdir(parents=True)
    (home.parent / "__init__.py").touch()
    (home / "__init__.py").write_text(TASKS)
    monkeypatch.syspath_prepend(tmp_path)
    for name in [each for each in sys.modules if each.partition(".")[0] == "lmms_eval"]:
        monkeypatch.delitem(sys.modules, name)
    lmms_tasks.task.cache_clear()
    yield
    lmms_tasks.task.cache_clear()
    for name in [each for each in sys.modules if each.partition(".")[0] == "lmms_eval"]:
        del sys.modules[name]


@pytest.mark.usefixtures("harness")
def test_a_task_brings_its_prompts_pictures_and_limit() -> None:
    found = choice.load(choice.check("lmms:toy"))
    assert (found.name, found.scorer, found.max_new_tokens) == ("lmms:toy", "lmms_task", 7)
    first, *_ = found.samples
    assert (first.prompt, first.answer, first.id) == ("Which?\nBriefly.", "B", "lmms-toy-00000")
    assert first.images[0].load().mode == "RGB" and len({sample.cluster for sample in found.samples}) == 3
    assert found == choice.load("lmms:toy")


@pytest.mark.usefixtures("harness")
def test_a_task_scores_its_own_rows() -> None:
    sample = choice.load("lmms:toy").samples[1]
    grade = SCORERS.load("lmms_task")
    assert [grade(text, sample).value for text in (" B\n", "B.", "")] == [1, 0, 0]
    assert (grade(" B\n", sample).answer, grade("B", sample).note) == ("B", "acc")


@pytest.mark.usefixtures("harness")
def test_a_metric_over_all_rows_is_no_score() -> None:
    sample = choice.load("lmms:whole").samples[0]
    with pytest.raises(NotMeasured, match="none of bleu is a score of one row"):
        SCORERS.load("lmms_task")("B", sample)


@pytest.mark.usefixtures("harness")
@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("lmms:blind", BenchmarkUnavailable, "row 1 has no picture"),
        ("lmms:group", UsageError, "is a group of tasks"),
        ("lmms:none", UsageError, "knows no such task"),
        ("lmms:broken", BenchmarkUnavailable, "RuntimeError: no data for this"),
    ],
)
def test_what_can_not_be_measured_is_told(name: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        choice.load(name)


def test_without_the_harness_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    lmms_tasks.task.cache_clear()
    monkeypatch.setitem(sys.modules, "lmms_eval", None)
    with pytest.raises(BenchmarkUnavailable, match="lmms:mme needs the package lmms-eval"):
        choice.load("lmms:mme")
    with pytest.raises(UsageError, match="give a task"):
        choice.check("lmms:")


def test_the_installed_harness_has_what_is_called() -> None:
    pytest.importorskip("lmms_eval")
    tasks = pytest.importorskip("lmms_eval.tasks")
    api: Any = pytest.importorskip("lmms_eval.api.task").ConfigurableTask
    assert {"eval_docs", "doc_to_text", "doc_to_visual", "doc_to_target", "process_results"} <= set(dir(api))
    assert hasattr(tasks.TaskManager, "all_tasks") and callable(tasks.get_task_dict)
