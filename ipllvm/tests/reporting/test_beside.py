"""A report whose answers beside it are of another run, or of other weights, is not read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ipllvm.api.report import read_report
from ipllvm.errors import UsageError
from ipllvm.reporting import beside, migration
from ipllvm.tests.reporting import reports

Change = Callable[[dict[str, Any], dict[str, Any]], object]


def folder(at: Path, change: Change = lambda report, answers: None) -> Path:
    """A report and the answers that its run left, changed."""
    made: dict[str, Any] = json.loads(json.dumps(reports.report(reports.result())))
    claim = {"name": "permutation", "quantity": "performance_drop"}
    entry = {"property": "permutation_invariance", "benchmark": "easyvqa", "claim": claim, "mean": 0.4}
    about = {"model": {"fingerprint": reports.FINGERPRINT}, "run": reports.RUN.id}
    answers = {"schema": "ipllvm-baseline/1", "about": about, "entries": [entry], "asked": {}}
    change(made, answers)
    (at / "report.json").write_text(json.dumps(made))
    (at / beside.FILE).write_text(json.dumps(answers))
    return at / "report.json"


ALTERED: dict[str, tuple[Change, str]] = {
    "other weights": (
        lambda report, answers: report["models"][0].update(fingerprint="f" * 64),
        "the weights of ffffffffffff there, of 0123456789ab beside",
    ),
    "another run": (
        lambda report, answers: answers["about"].update(run="2025-03-02T12-00-00Z"),
        "run 2025-03-01T12-00-00Z there, 2025-03-02T12-00-00Z beside",
    ),
    "another score": (
        lambda report, answers: report["results"][0]["estimates"]["performance_drop"].update(value=0.45),
        "permutation_invariance on easyvqa is 0.5 there, 0.4 beside",
    ),
    "escapes": (
        lambda report, answers: answers["about"].update(run="\x1b[2J\n::error::"),
        "beside",
    ),
}


@pytest.mark.parametrize("name", ALTERED)
def test_a_report_of_another_run_than_its_answers_is_told(name: str, tmp_path: Path) -> None:
    change, words = ALTERED[name]
    file = folder(tmp_path, change)
    for reader in (migration.read, read_report):
        with pytest.raises(
            UsageError, match=r"it and the baseline\.json beside it are of different"
        ) as raised:
            reader(file)
        assert words in str(raised.value) and str(raised.value).isprintable()


def _two(report: dict[str, Any], answers: dict[str, Any]) -> None:
    report["models"].append({**report["models"][0], "id": "other", "fingerprint": "f" * 64})
    answers["about"]["model"]["fingerprint"] = "f" * 64


SILENT: dict[str, Change] = {
    "the same": lambda report, answers: None,
    "no run": lambda report, answers: answers["about"].pop("run"),
    "a model in words": lambda report, answers: answers["about"].update(model="x"),
    "another benchmark": lambda report, answers: answers["entries"][0].update(benchmark="scenes", mean=9.0),
    "no score": lambda report, answers: answers["entries"][0].update(mean=None),
    "no entries": lambda report, answers: answers.pop("entries"),
    "nothing about it": lambda report, answers: answers.update(about=[]),
    "two models": _two,
}


@pytest.mark.parametrize("name", SILENT)
def test_answers_that_say_nothing_else_are_left_to_whoever_compares(name: str, tmp_path: Path) -> None:
    assert migration.read(folder(tmp_path, SILENT[name]))["results"]


def test_a_report_alone_is_read(tmp_path: Path) -> None:
    file = folder(tmp_path)
    (tmp_path / beside.FILE).write_text("[" * 9_999)
    assert migration.read(file)["results"]
    (tmp_path / beside.FILE).unlink()
    assert migration.read(file)["results"]
