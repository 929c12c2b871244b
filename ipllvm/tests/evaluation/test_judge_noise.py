"""What a judge that differs from itself is found to be off by, and when there is nothing to say."""

from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from ipllvm.engine.plan import Plan
from ipllvm.errors import NotMeasured
from ipllvm.evaluation import judge_noise
from ipllvm.evaluation.flips import Trace
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Response, Sample, Score
from ipllvm.scorers.base import Grading
from ipllvm.tests.evaluation.test_evaluation import benchmark

DATA = benchmark(50)


@dataclass
class Fickle:
    """A scorer of which every so-manyth sample has half of the score; none where there is no reply."""

    every: int = 0
    silent: bool = False

    def __call__(self, text: str, sample: Sample) -> Score:
        if self.silent:
            raise NotMeasured("no second reply is kept")
        low = self.every and int(sample.id[1:]) % self.every == 0
        return Score(0.5 if low else 1.0, text)


class Twice(Grading):
    """Grading whose judge is asked again as a test says."""

    def __init__(self, scorer: Fickle | None) -> None:
        super().__init__()
        self._scorer = scorer

    def again(self, data: object) -> Fickle | None:
        return self._scorer


def noise(again: Fickle | None) -> dict[str, object]:
    plan = Plan(DATA.samples, (Clean(),), 1, 0, 8, "generate")
    outcomes = {trial: Response("red", (1,)) for trial in plan.trials()}
    return dict(judge_noise.beside([Trace(plan, outcomes, (), Fickle())], Twice(again), DATA))


def test_twenty_answers_are_graded_again() -> None:
    found = noise(Fickle(every=5))["judge_noise"]
    assert (found.value, found.n) == (pytest.approx(10.0), 20)  # type: ignore[attr-defined]
    assert "4 of 20 answers graded otherwise" in found.method  # type: ignore[attr-defined]
    assert found.low >= 0 < found.high  # type: ignore[attr-defined]


def test_a_judge_that_stays_with_its_word_still_has_an_upper_bound() -> None:
    found = noise(Fickle())["judge_noise"]
    assert (found.value, found.low) == (0.0, 0.0) and found.high > 10  # type: ignore[attr-defined]


def test_nothing_is_said_where_rules_grade_or_no_second_reply_is_kept() -> None:
    assert noise(None) == {} and noise(Fickle(silent=True)) == {}
    assert Grading().again(DATA) is None


def test_a_judge_is_asked_for_all_of_them_at_once() -> None:
    batches: list[int] = []

    class Ahead(Fickle):
        def ask_ahead(self, responses: Iterable[tuple[str, Sample]]) -> None:
            batches.append(len(list(responses)))

    assert noise(Ahead()) and batches == [20]
