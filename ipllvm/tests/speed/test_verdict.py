"""The time to a verdict: what the fixed design takes by plain `generate` is scaled, verdicts are compared."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ipllvm.benchmarks import planted, scenes
from ipllvm.engine.executors.base import LOCAL
from ipllvm.engine.plan import Plan
from ipllvm.engine.requirements import Outcomes
from ipllvm.engine.run import run
from ipllvm.errors import NotMeasured
from ipllvm.models.loading import load
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Clean
from ipllvm.speed import fixed_design, sessions, verdict
from ipllvm.speed.fixed_design import EACH, GenerateCost, Plain, RecordedPlan
from ipllvm.speed.sessions import SessionTime
from ipllvm.speed.verdict import Wait

NEW, KNOWN = SessionTime(2.0, 10.0, 20.0), SessionTime(None, 2.5, 2.5)
CLAIM, OTHER = ("some", "claim", "scenes"), ("some", "other", "scenes")


def _row(claim: str, decision: str, seconds: float, trials: int = 30) -> dict[str, object]:
    return {
        "property": "some", "claim": {"name": claim}, "benchmark": {"name": "scenes"},
        "test": "test_some[scenes]",
        "verdict": {"decision": decision}, "seconds": seconds, "trials": trials,
    }  # fmt: skip


def test_trials_are_scaled_by_kind_each_once_and_other_answers_counted() -> None:
    model, outcomes = load("llava-tiny", device="cpu"), Outcomes()
    plan = Plan(scenes.short().samples[:4], (Clean(), Permutation()), 2, 0, 4)
    run(model, plan, 4, outcomes, lambda done: None)
    asked = [RecordedPlan(name, model, plan, outcomes, None) for name in ("one", "one", "two")]
    found = fixed_design.cost(asked)
    assert {name: each.trials for name, each in found.properties.items()} == {"one": 12, "two": 12}
    assert found.together == found.properties["one"] and found.together.untimed == 0
    assert (found.compared, found.different) == (4 + EACH, 0)
    assert found.together.seconds > 0 and found.together.cpu > 0
    for trial, response in outcomes.items():
        outcomes[trial] = replace(response, tokens=(*response.tokens, 1))
    wrong = fixed_design.cost(asked)
    assert wrong.different == wrong.compared


def test_what_generate_can_not_run_is_left_out_and_told() -> None:
    model = load("planted:invariant", device="cpu")
    plan = Plan(planted.single().samples[:4], (Clean(),), 1, 0, 4)
    found = fixed_design.cost([RecordedPlan("one", model, plan, Outcomes(), None)])
    assert found.together == GenerateCost(4, 0.0, 0.0, 4) and found.compared == 0


def test_plans_that_sessions_measure_are_recorded_with_their_property() -> None:
    model, outcomes = load("planted:invariant", device="cpu"), Outcomes()
    plan = Plan(planted.single().samples[:4], (Clean(),), 1, 0, 4)
    with fixed_design.recorded(lambda: "image_use") as found:
        LOCAL.run(model, plan, 4, outcomes, lambda done: None)
    assert [(each.property, each.model, each.plan) for each in found] == [("image_use", model, plan)]
    assert len(found[0].outcomes) == 4


def test_a_property_has_its_share_of_the_session_and_every_other_verdict_is_told() -> None:
    rows = [_row("claim", "HOLDS", 2.0), _row("other", "UNDECIDED", 3.0)]
    plain = Plain({"some": GenerateCost(120, 90.0, 60.0, 0)}, GenerateCost(120, 90.0, 60.0, 3), 12, 1)
    (part,) = properties = verdict._properties(rows, NEW, plain)
    assert (part.name, part.trials, part.cpu, part.times) == ("some", 30, 6.0, 10.0)
    fixed = verdict._decisions([_row("claim", "HOLDS", 1.0), _row("other", "VIOLATED", 1.0)])
    found = Wait(NEW, KNOWN, properties, verdict._decisions(rows), fixed, plain)
    assert found.times == 9.0 and found.times_cpu == 3.0
    assert found.differing == {OTHER: ("UNDECIDED", "VIOLATED")} and CLAIM in found.decisions
    told = "\n".join(found.lines())
    assert "first outcome after 2.0 s" in told and "everything known: 2.5 s" in told
    assert "3 that it can't run are left out" in told and "1 of 12" in told
    assert "otherwise: some other scenes: UNDECIDED, at fixed n VIOLATED" in told
    assert found.row()["times_cpu"] == 3.0


def test_the_property_under_way_is_that_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_CURRENT_TEST", "a/test_b.py::test_image_use[llava-tiny-scenes] (call)")
    assert verdict._property() == "image_use"


def test_a_session_without_a_report_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(NotMeasured, match="ended without a report: silently"):
        sessions.timed("llava-tiny", [], tmp_path / "store", tmp_path / "reports")


def test_the_fixed_session_alone_is_without_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[list[str]] = []
    report: dict[str, list[object]] = {"models": [], "benchmarks": [], "results": []}

    def timed(model: str, words: Sequence[str], store: Path, reports: Path) -> SessionTime:
        asked.append([model, *words])
        return NEW

    monkeypatch.setattr(verdict, "timed", timed)
    monkeypatch.setattr(verdict, "last_report", lambda reports: report)
    verdict.measured("some", ["-a"], ["--sequential"], lambda words, folder: asked.append([*words]))
    assert asked[:2] == [["some", "-a", "--sequential"]] * 2
    assert "--sequential" not in asked[2] and asked[2][:5] == [*verdict.ALONE, "--model=some", "-a"]
    assert "--counterexamples=0" in asked[2]  # its trials decide nothing
