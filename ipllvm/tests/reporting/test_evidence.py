"""A violated result shows its smallest flipped answer, and how to see it again, in every view."""

from dataclasses import replace
from pathlib import Path

import pytest

from ipllvm.records import Counterexample, Decision, FlipExample
from ipllvm.reporting import markdown, replays
from ipllvm.reporting.schema import Report, validate
from ipllvm.reporting.terminal import summary
from ipllvm.tests.reporting import reports
from ipllvm.tests.reporting.hostile import HOSTILE

FLIP = FlipExample("easyvqa-3", "what color?", "red", "red", "blue", "permutation(scope=all)", 2)
LEAST = Counterexample(
    replace(FLIP, perturbation="swaps(pairs=1-5+2-3)", draw=0), 2, 63, "swap of two tokens", 9
)
SHOW = "ipllvm replay runs/first permutation_invariance easyvqa-3 --benchmark=easyvqa"


def report(decision: Decision, least: Counterexample | None, flip: FlipExample = FLIP) -> Report:
    result = replace(reports.result(decision, "why"), flips=(flip,), counterexample=least)
    made = reports.report(result)
    replays.put(made, Path("runs/first"))
    validate(made)
    return made


def terminal(made: Report, *, verbose: bool = True) -> str:
    return "\n".join(summary(made, 200, verbose=verbose))


def test_the_smallest_flip_of_a_violated_result_is_told() -> None:
    made = report(Decision.VIOLATED, LEAST)
    said = "2 swaps of two tokens (of 63) flip easyvqa-3: 'red' -> 'blue', right is 'red'"
    show = f"show it: {SHOW} '--perturbation=swaps(pairs=1-5+2-3)' --draw=0"
    assert said in terminal(made) and show in terminal(made)
    assert said not in terminal(made, verbose=False)
    document = markdown.render(made)
    assert "2 swaps of two tokens (of 63) flip easyvqa-3" in document and "Show it: <code>ipllvm" in document


def test_without_one_it_is_the_first_flip() -> None:
    made = report(Decision.VIOLATED, None)
    assert "permutation(scope=all), draw 2, flips easyvqa-3: 'red' -> 'blue'" in terminal(made)
    assert f"{SHOW} '--perturbation=permutation(scope=all)' --draw=2" in terminal(made)


@pytest.mark.parametrize("decision", [Decision.HOLDS, Decision.UNDECIDED])
def test_what_is_not_violated_shows_none(decision: Decision) -> None:
    made = report(decision, None)
    assert "show it" not in terminal(made) and "Show it" not in markdown.render(made)


def test_a_commands_trial_is_found_also_the_smallest_one() -> None:
    made = report(Decision.VIOLATED, LEAST)
    for trial in (FLIP, LEAST.flip):
        wanted = replays.Wanted("permutation_invariance", trial.sample, None, None, trial.perturbation)
        found = replays.find(made, wanted)
        assert (found.perturbation, found.draw) == (trial.perturbation, trial.draw)
        assert found.flip is not None and found.flip["perturbed"] == "blue"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_answers_stay_text(text: str) -> None:
    made = report(Decision.VIOLATED, None, replace(FLIP, sample=text, clean=text, prompt=text))
    assert "<script" not in markdown.render(made)
    assert all(line.isprintable() for line in summary(made, 200, verbose=True))
