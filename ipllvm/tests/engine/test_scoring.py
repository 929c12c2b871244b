"""The probability of the right option, beside whether it was chosen."""

import math

import numpy as np
import pytest

from ipllvm.benchmarks.answer_options import right_option
from ipllvm.engine.plan import Plan
from ipllvm.engine.scoring import probabilities_of
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Response, Sample

SURE = Response("B", (1,), None, (math.log(0.2), math.log(0.6)))
"""Log-likelihoods of the first token; the rest of the vocabulary has the other fifth."""


def sample(name: str, answer: str = "B", choices: tuple[str, ...] = ("red", "blue")) -> Sample:
    return Sample(name, f"c{name}", (), "Which?", answer, choices=choices)


def probabilities(samples: list[Sample], said: dict[str, Response]) -> tuple[Plan, dict[str, float]]:
    plan = Plan(tuple(samples), (Clean(),), 1, 0, 8, "likelihood")
    outcomes = {plan.trial(each, Clean(), 0): said[each.id] for each in samples if each.id in said}
    found = probabilities_of(plan, Clean(), outcomes)
    return plan, dict(zip(found.samples, found.values[:, 0].tolist(), strict=True))


def test_it_is_the_share_of_the_right_option_among_the_options() -> None:
    _, found = probabilities([sample("a"), sample("b", "A")], {"a": SURE, "b": SURE})
    assert found == {"a": pytest.approx(0.75), "b": pytest.approx(0.25)}


def test_questions_without_options_are_left_out_and_errors_kept() -> None:
    open_question = sample("o", "blue")
    asked = [sample("a"), open_question, sample("e"), sample("n")]
    said = {"a": SURE, "o": Response("blue", (3,)), "e": Response("", error="ValueError: no")}
    plan, found = probabilities(asked, said)
    assert found.keys() == {"a", "e"} and np.isnan(found["e"])
    failed = {plan.trial(asked[2], Clean(), 0): said["e"]}
    assert probabilities_of(plan, Clean(), failed).errors == {"e": "ValueError: no"}


def test_a_very_unlikely_right_option_is_a_small_number_and_no_error() -> None:
    far = Response("A", (1,), None, (-1.0, -2000.0))
    assert probabilities([sample("a")], {"a": far})[1] == {"a": 0.0}


def test_which_option_is_right() -> None:
    assert right_option(sample("a")) == 1 and right_option(sample("a", "blue")) is None
    assert right_option(Sample("s", "c", (), "Is it?", "Yes", choices=("no", "yes"))) == 0
