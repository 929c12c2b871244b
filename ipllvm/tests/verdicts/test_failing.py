"""What fails a run: comparison, report and exit status read one rule, and never differ."""

from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest

from ipllvm.gate.outcome import Change, Gate, under_rule
from ipllvm.records import Claim, ClaimKey, Decision, Estimate, Verdict
from ipllvm.reporting import answer, standings
from ipllvm.session import exiting
from ipllvm.tests.verdicts.test_release import row
from ipllvm.verdicts.decision import decision_of
from ipllvm.verdicts.failing import FAIL_ON, FailRule

WORDS = {
    "holds": (0.01, 1.0, 1.0),
    "worse within its margin": (0.01, 1.0, 0.01),
    "worse": (0.5, 0.5, 0.01),
    "worse alone": (0.5, 0.5, 0.04),
    "undecided": (0.5, 0.5, 1.0),
    "violated": (1.0, 0.001, 0.001),
    "violated alone": (1.0, 0.04, 0.04),
}
"""The p-values of holds, violated and worse; alone is what two claims together take back."""


def _change(name: str, p: tuple[float, float, float], kind: Any, rule: FailRule) -> Change:
    claim = Claim(f"regression:{name}", "regression", "at_most", 2.0, kind, "s", "t")
    verdict = Verdict(decision_of(0.05, p[0], p[1]), "", p[0], p[1], p_worse=p[2])
    estimate = Estimate("regression", "points", 0.0, 0.0, 0.0, "m", 1, 1, 1)
    key = ClaimKey(name, name, "easyvqa")
    return Change(key, claim, 1.0, 1.0, estimate, under_rule(verdict, claim, rule))


def _row(change: Change) -> dict[str, Any]:
    p_holds, p_violated = change.verdict.p_holds, change.verdict.p_violated
    made = row(p_holds, p_violated, change.claim.name, test=change.key[0])
    made["claim"]["kind"] = change.claim.kind
    made["verdict"] |= {"p_worse": change.verdict.p_worse, "decision": str(change.verdict.decision)}
    return made


@pytest.mark.parametrize("fail_on", FAIL_ON)
@pytest.mark.parametrize("undecided", [False, True], ids=["pass", "fail"])
@pytest.mark.parametrize("kind", ["requirement", "observation"])
def test_a_gate_its_report_and_its_exit_status_agree(fail_on: str, undecided: bool, kind: str) -> None:
    """Over all that two comparisons may come to together."""
    options = {"baseline": "release-1", "fail_on": fail_on, "fail_undecided": undecided}
    rule, seen = FailRule.of(options), set()
    for first, second in product(WORDS.values(), repeat=2):
        changes = _change("a", first, "requirement", rule), _change("b", second, kind, rule)
        gate, rows = Gate(changes, rule=rule), [_row(each) for each in changes]
        stood = standings.stood(rows, [], options)
        assert [*map(gate.fails, changes)] == [answer.fails(each, rule) for each in stood]
        assert [*map(gate.stops, changes)] == [answer.stops(each, rule) for each in stood]
        run: Any = SimpleNamespace(
            fail_rule=rule, as_row=lambda: options, report_only=False, fail_undecided=undecided
        )
        assert exiting.refined(0, [], rows, [], run) == gate.status
        seen.add(gate.status)
    assert seen == ({0, 1, 6} if undecided else {0, 1})


def test_a_gate_asks_for_comparisons_and_an_audit_for_all_requirements() -> None:
    own, compared = row(1.0, 0.001, "permutation"), row(1.0, 0.001, "regression:permutation")
    gate, audit = FailRule.of({"baseline": "b"}), FailRule.of({"baseline": "b", "profile": "audit"})
    assert [answer.fails(each, gate) for each in (own, compared)] == [False, True]
    assert [answer.fails(each, audit) for each in (own, compared)] == [True, True]


@pytest.mark.parametrize("strict", [False, True])
def test_a_finding_fails_a_run_that_is_strict(strict: bool) -> None:
    found = row(1.0, 0.001, "text_rich")
    found["claim"]["kind"] = "observation"
    assert answer.fails(found, FailRule.of({"strict_observations": strict})) == strict


@pytest.mark.parametrize("decision", Decision)
def test_what_fails_a_run_stands_in_its_way(decision: Decision) -> None:
    for fail_on, undecided, worse in product(FAIL_ON, (False, True), (False, True)):
        rule = FailRule(fail_on, undecided)
        assert rule.stops(decision, worse) or not rule.fails(decision, worse)
