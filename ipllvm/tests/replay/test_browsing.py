"""Which samples a page of a run says to be changed."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ipllvm.benchmarks import choice
from ipllvm.gate.baseline import BaselineEntry
from ipllvm.records import Sample, Transcript
from ipllvm.replay import browsing
from ipllvm.tests.reporting import reports


def test_an_answer_that_stayed_is_not_changed_whatever_the_claim_adds_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """A claim on a ratio has values other than 0 of samples that nothing happened to."""
    said = {
        "same": Transcript("Which?", "red", ("red", "red")),
        "lost": Transcript("Which?", "red", ("red", "blue")),
        "alone": Transcript("Which?", "red"),
    }
    names = (*said, "untold", "even")
    values = (0.5, 0.5, 1.0, 0.5, 0.0)
    entry = cast(BaselineEntry, SimpleNamespace(samples=names, values=values, said=said))
    data = SimpleNamespace(samples=[Sample(name, name, (), "Which?", "red") for name in names])
    monkeypatch.setattr(choice, "load", lambda name: data)
    monkeypatch.setattr(browsing, "_single", lambda *_: (None, "no model"))
    report = reports.report(reports.result())
    report["benchmarks"][0]["name"] = "mine"
    row = {**report["results"][0], "settings": {"perturbations": []}}
    monkeypatch.setattr(browsing, "first_perturbation", lambda settings: "blank")
    found = browsing.browse(report, row, entry, tmp_path)
    assert [sample.changed for sample in found.samples] == [True, True, False, False, False]
    assert found.total == 5
