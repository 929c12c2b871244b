"""A run that Python has asked for is shown as its call, and what to do next as one like it."""

import json
import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.records import Decision
from ipllvm.reporting import advice, calls, typed
from ipllvm.tests.reporting import reports

VALUES = st.text(st.characters(codec="utf-8"), max_size=12) | st.integers().map(str) | st.floats().map(str)
NAMES = st.sampled_from(["model", "property", "benchmark", "samples", "top-up", "baseline", "name"])


@given(st.lists(st.tuples(NAMES, VALUES).map(lambda pair: f"--{pair[0]}={pair[1]}"), max_size=8))
def test_a_call_is_read_as_it_was_written(words: list[str]) -> None:
    again = calls.words(calls.call([calls.START, *words, "--no-store"]))
    assert sorted(again) == sorted([calls.START, *words, "--no-store"])


@pytest.mark.parametrize(
    "command",
    [
        "ipllvm.check(", "ipllvm.check", "ipllvm.checked('m')", "other.check('m')", "ipllvm.check(m)",
        "ipllvm.check('m', samples=open('x'))", "ipllvm.check(" + "(" * 500, "ipllvm.check(*models)",
        "ipllvm.check('m')('n')", "ipllvm.check(\x00)",
    ],
)  # fmt: skip
def test_another_call_has_no_words(command: str) -> None:
    assert calls.words(command) == [] == typed.words({"command": command})


@pytest.mark.parametrize("model", ["model, processor", '"llava-tiny"', '["llava-tiny", "llava-ov"]'])
@pytest.mark.parametrize("decision", [Decision.UNDECIDED, Decision.HOLDS])
def test_what_to_do_next_is_a_call_like_that_of_the_run(decision: Decision, model: str) -> None:
    found = reports.result(decision)
    report = reports.report(replace(found, benchmark=replace(found.benchmark, total=9673)))
    asked = f'ipllvm.check({model}, properties="test_mine.py", draws=3, samples=90, evidence="looks")'
    report["run"] |= {"command": asked, "options": {"models": ["llava-tiny"]}}
    (step,) = advice.steps(report)
    kept = {word for word in calls.words(asked) if word != "--samples=90"} - {"--model=llava-ov"}
    if decision is Decision.HOLDS:
        kept -= {"--evidence=looks"}
    assert kept <= set(calls.words(step.command)), "all else stays as it was asked for"
    changed = ("save_baseline=",) if decision is Decision.HOLDS else ("samples=", "top_up=", "benchmarks=")
    assert all(f", {name}" in step.command for name in changed)


def test_a_file_of_properties_stays_in_a_command_too() -> None:
    report = reports.report(reports.result(Decision.UNDECIDED))
    report["run"]["command"] = "ipllvm check llava-tiny --property test_mine.py --samples 9"
    words = shlex.split(advice.steps(report)[0].command)
    assert words[:4] == ["ipllvm", "check", "llava-tiny", "--property=test_mine.py"] and "-k" in words


def test_numbers_are_numbers_and_names_are_texts() -> None:
    words = [calls.START, "--name=7", "--samples=9", "--margin=0.50", "--seed=007", "--benchmark=1"]
    assert calls.call(words) == (
        'ipllvm.check(model, processor, name="7", samples=9, margin=0.50, seed="007", benchmarks="1")'
    )
    assert json.loads('"007"') == "007"
