"""What a report proposes to do next can be done."""

import json
import shlex
from dataclasses import asdict, replace

import pytest

from ipllvm.records import Decision
from ipllvm.reporting import advice, typed
from ipllvm.tests.reporting import reports
from ipllvm.tests.reporting.test_first_screen import gated
from ipllvm.tests.session.test_option_table import typed as options

ASKED = "ipllvm check llava-tiny --property=permutation_invariance"


@pytest.mark.parametrize("decision", [Decision.UNDECIDED, Decision.HOLDS])
@pytest.mark.parametrize(
    "given",
    [
        "--noise-floor", "--no-store", "--top-up=5000", "--top-up 5000", "--save-baseline=b", "--draws=3",
        "--sequential --evidence=looks", "--sequential --final-look --target=benchmark", "--baseline=b",
        "--baseline=b --baseline-if-missing=create", "--model=llava-ov", "--shard=1/2",
    ],
)  # fmt: skip
def test_each_command_that_is_proposed_is_one_that_runs(
    given: str, decision: Decision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    found = reports.result(decision)
    report = reports.report(replace(found, benchmark=replace(found.benchmark, total=9673)))
    values = asdict(options(shlex.split(f"--model=llava-tiny {given}")))
    report["run"] |= {
        "command": f"{ASKED} {given}",
        "options": json.loads(json.dumps(values, default=str)),
    }
    for step in advice.steps(report):
        words = typed.without(shlex.split(step.command), ["keyword"])
        assert words[:3] == ["ipllvm", "check", "llava-tiny"]
        options([f"--model={words[2]}", *words[3:]])


@pytest.mark.parametrize("command", ["ipllvm audit m --samples=9", "python run.py", "", "pytest 'half"])
def test_a_step_of_a_run_that_was_started_otherwise_is_told(command: str) -> None:
    """An audit that left a claim open ended in an error, without its manifest."""
    found = reports.result(Decision.UNDECIDED)
    found = replace(found, verdict=replace(found.verdict, n_to_decide=3000))
    report = reports.report(replace(found, benchmark=replace(found.benchmark, total=9673)))
    report["run"]["command"] = command
    step = advice.to_decide(report)
    assert step is not None and step.command.startswith("ipllvm check ")


def test_a_run_of_several_models_is_no_baseline() -> None:
    report = reports.report(reports.result(Decision.HOLDS))
    assert [step.why[:13] for step in advice.steps(report)] == ["Keep this run"]
    report["run"]["options"] = {"models": ["llava-tiny", "other"]}
    assert not advice.steps(report)


def test_a_step_says_which_claim_it_is_about() -> None:
    """Of a gate on image use the cheapest to decide was its clean score, and the step spoke of image use."""
    report = gated(Decision.UNDECIDED)
    report["results"][1]["verdict"]["n_to_decide"] = 149
    step = advice.to_decide(report)
    assert step is not None
    assert step.why.startswith("Decide permutation invariance: clean score, against release-1: about 149")
