"""Right answers that a rule refuses, also one of somebody's own that raises nothing."""

from types import SimpleNamespace

import pytest

from ipllvm.benchmarks import right_answers
from ipllvm.records import Sample, Score

SAMPLES = [Sample(str(number), "c", (), "Which?", word) for number, word in enumerate(("red", "blue"))]


def test_a_rule_that_gives_less_than_all_of_it_is_told_with_the_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    half = SimpleNamespace(load=lambda name: lambda text, sample: Score(1.0 if text == "red" else 0.5, text))
    monkeypatch.setattr(right_answers, "SCORERS", half)
    assert [*right_answers.refused("ours", SAMPLES)] == [
        (2, "the scorer ours does not take 'blue' for right")
    ]


def test_a_judge_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = SimpleNamespace(load=lambda name: SimpleNamespace(by=lambda judge: None))
    monkeypatch.setattr(right_answers, "SCORERS", judged)
    assert not [*right_answers.refused("judged", SAMPLES)]
