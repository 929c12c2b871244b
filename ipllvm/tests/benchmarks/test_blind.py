"""A model that sees nothing must gain nothing: answers are uniform given the question's text."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from math import sqrt

import pytest

from ipllvm.benchmarks import charts, scenes
from ipllvm.benchmarks.questions import Question

PICTURES = 10_000


@cache
def asked(name: str) -> tuple[Question, ...]:
    """All questions on the first training pictures."""
    return tuple(_ask(name))


def _ask(name: str) -> Iterator[Question]:
    for index in range(PICTURES):
        if name == "scenes":
            scene, rng = scenes.draw(0, "train", index)
            yield from scenes.questions(scene, rng)
        else:
            chart, rng = charts.draw(0, "train", index)
            yield from charts.questions(chart, rng)


@pytest.mark.parametrize("name", ["scenes", "charts"])
def test_the_best_constant_answer_of_a_kind_is_no_better_than_chance(name: str) -> None:
    questions = asked(name)
    assert len(questions) >= 20_000
    answers: dict[str, Counter[str]] = defaultdict(Counter)
    for question in questions:
        answers[question.kind][question.answer] += 1
    chance = {question.kind: 1 / len(question.candidates) for question in questions}
    for kind, counts in answers.items():
        best = max(counts.values()) / counts.total()
        assert best <= chance[kind] + (0.01 if kind == "value" else 0.02), kind


@pytest.mark.parametrize("name", ["scenes", "charts"])
def test_answers_are_uniform_given_the_text(name: str) -> None:
    answers: dict[str, Counter[str]] = defaultdict(Counter)
    candidates = {question.text: question.candidates for question in asked(name)}
    for question in asked(name):
        answers[question.text][question.answer] += 1
    frequent = {text: counts for text, counts in answers.items() if counts.total() >= 400}
    assert len(frequent) >= 10
    for text, counts in frequent.items():
        n, p = counts.total(), 1 / len(candidates[text])
        worst = max(abs(counts[answer] - n * p) for answer in candidates[text])
        assert worst <= 4 * sqrt(n * p * (1 - p)), text


@pytest.mark.parametrize("name", ["scenes", "charts"])
def test_every_answer_is_a_candidate(name: str) -> None:
    assert all(question.answer in question.candidates for question in asked(name))
