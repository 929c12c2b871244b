"""The time to a verdict: what plain `generate` would take is scaled, and answers are compared."""

import sys
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
from ipllvm.speed import verdict
from ipllvm.speed.verdict import EACH, SessionTime

NEW, KNOWN = SessionTime(2.0, 10.0, 12.0), SessionTime(None, 2.5, 2.5)


def test_trials_are_scaled_by_kind_and_other_answers_counted() -> None:
    model, outcomes = load("llava-tiny", device="cpu"), Outcomes()
    plan = Plan(scenes.short().samples[:4], (Clean(), Permutation()), 2, 0, 4)
    run(model, plan, 4, outcomes, lambda done: None)
    asked = [verdict._Asked(model, plan, outcomes, None)]
    found = verdict._beside(NEW, KNOWN, {"HOLDS": 3}, [*asked, *asked])
    assert (found.trials, found.compared, found.different, found.untimed) == (12, 2 * EACH, 0, 0)
    assert found.generate > 0 and found.times == found.generate / 10
    assert found.generate_cpu > 0 and found.times_cpu == found.generate_cpu / 12
    for trial, response in outcomes.items():
        outcomes[trial] = replace(response, tokens=(*response.tokens, 1))
    wrong = verdict._beside(NEW, KNOWN, {}, asked)
    assert wrong.different == wrong.compared
    told = "\n".join(found.lines())
    assert "first outcome after 2.0 s" in told and "everything known: 2.5 s" in told and "3 HOLDS" in told


def test_plans_that_sessions_measure_are_recorded() -> None:
    model, outcomes = load("planted:invariant", device="cpu"), Outcomes()
    plan = Plan(planted.single().samples[:4], (Clean(),), 1, 0, 4)
    with verdict._recorded() as found:
        LOCAL.run(model, plan, 4, outcomes, lambda done: None)
    assert [(each.model, each.plan) for each in found] == [(model, plan)] and len(found[0].outcomes) == 4


def test_a_session_without_a_report_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(NotMeasured, match="ended without a report: silently"):
        verdict._session("llava-tiny", [], tmp_path)
