"""A judge is a scorer: asked once, read strictly, and an error of the sample where it says nothing."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from ipllvm.engine.plan import Plan
from ipllvm.engine.scoring import scores_of
from ipllvm.errors import NotMeasured, UsageError
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Benchmark, JudgeQuestion, Response, Sample, Score, Scores
from ipllvm.registry import SCORERS
from ipllvm.scorers.base import Grading
from ipllvm.scorers.judge import JudgeRule

SAMPLES = tuple(Sample(f"s{i}", f"c{i}", (), "What is it?", "red star", ("red star",)) for i in range(5))
DATA = Benchmark("toy", SAMPLES, "label", "digest", "source", judged="judge")


class Fake:
    """Says yes to what holds the word red; nothing useful of a maybe; breaks on a crash."""

    identity = "fake"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, prompt: str) -> str:
        self.asked.append(prompt)
        said = prompt.partition("Prediction: ")[2]
        if said.startswith("crash"):
            raise NotMeasured("the judge is gone")
        return "Perhaps" if said.startswith("maybe") else "Yes." if said.startswith("a red") else "no"


def graded(judge: Fake, said: dict[str, Response]) -> Scores:
    plan = Plan(SAMPLES, (Clean(),), 1, 0, 8)
    outcomes = {plan.trial(s, Clean(), 0): said[s.id] for s in SAMPLES if s.id in said}
    return scores_of(plan, Clean(), Grading(lambda: judge).of(DATA), outcomes)


def test_answers_are_judged_and_failures_are_errors() -> None:
    said = ("a red one", "blue", "maybe red", "crash", "a red one")
    judge = Fake()
    scores = graded(judge, {s.id: Response(text) for s, text in zip(SAMPLES, said, strict=True)})
    assert len(judge.asked) == 4, "the same question is asked once"
    assert scores.values[:, 0][[0, 1, 4]].tolist() == [1, 0, 1]
    assert np.isnan(scores.values[[2, 3], 0]).all()
    assert scores.errors == {
        "s2": "the judge's reply can't be read: 'Perhaps'",
        "s3": "the judge is gone",
    }
    assert scores.answers == (("a red one",), ("blue",), (None,), (None,), ("a red one",))
    assert scores.unread == 0, "what was not graded was not unread either"


def test_a_model_that_failed_is_not_judged_and_what_was_not_asked_is_left_out() -> None:
    judge = Fake()
    scores = graded(judge, {"s1": Response("", error="RuntimeError: boom")})
    assert (scores.samples, judge.asked, scores.errors) == (("s1",), [], {"s1": "RuntimeError: boom"})
    assert scores.unread is None


def test_a_judge_grades_only_where_it_is_named_and_the_benchmark_has_questions_for_one() -> None:
    judge = Fake()
    rules, named = Grading(), Grading(lambda: judge)
    plain = replace(DATA, judged="")
    assert [each.name(DATA) for each in (rules, named)] == ["label", "judge"]
    assert [each.judged_by(DATA) for each in (rules, named)] == ["rules", "fake"]
    assert (named.name(plain), named.judged_by(plain)) == ("label", "rules")
    assert rules.of(DATA)("a red star", SAMPLES[0]).answer == "red star"


class Counted:
    """A judge that says yes, and of which asking each question is known."""

    identity = "counted"

    def __init__(self) -> None:
        self.questions: list[JudgeQuestion] = []

    def ask_all(self, questions: Sequence[JudgeQuestion], got: Callable[[JudgeQuestion, str], None]) -> None:
        for question in questions:
            self.questions.append(question)
            got(question, "yes")

    def ask(self, prompt: str) -> str:
        raise AssertionError("it is asked many at once")


@pytest.mark.parametrize("replicate", [0, 1, 4])
def test_asked_again_each_question_is_the_next_replicate(replicate: int) -> None:
    """What was kept of any earlier time is no second opinion."""
    judge = Counted()
    grading = Grading(lambda: judge, replicate)
    again = grading.again(DATA)
    assert again is not None
    for scorer in (grading.of(DATA), again):
        scorer("a red one", SAMPLES[0])
    assert [question.replicate for question in judge.questions] == [replicate, replicate + 1]


def test_a_scorer_that_needs_a_judge_says_how_to_name_one() -> None:
    with pytest.raises(UsageError, match="give --judge=NAME"):
        Grading().of(replace(DATA, scorer="judge"))


RULES = {
    "judge": (1, False, False),
    "label_judge": (1, False, False),
    "llavaw_judge": (1, False, False),
    "mmvp_judge": (1, False, False),
    "mmvet_judge": (5, False, True),
    "mathvista_published": (1, True, False),
    "mathvista_today": (1, True, False),
}
"""How often a judge is asked, whether some answers need none, whether one may be graded several times."""


def test_each_rule_asks_and_counts_as_its_script_does() -> None:
    loaded = {name: SCORERS.load(name) for name in SCORERS}
    rules = {name: rule for name, rule in loaded.items() if isinstance(rule, JudgeRule)}
    assert {name: (r.attempts, r.alone, r.averages) for name, r in rules.items()} == RULES


ANY = Sample("s", "s", (), "?", "A")


@pytest.mark.parametrize(
    ("rule", "reply", "value"),
    [
        ("judge", "**Yes**", 1.0),
        ("judge", "The answer is no.", 0.0),
        ("judge", "No, the picture shows a cat.", 0.0),
        ("judge", "No doubt it is correct.", None),
        ("judge", "No problem: the prediction is right.", None),
        ("judge", "Yes or no?", None),
        ("judge", "yes/no", None),
        ("judge", "Noël", None),
        ("judge", "Ja", None),
        ("judge", '```json\n{"correct": true}\n```', None),
        ("judge", "8/10", None),
        ("judge", "I'm sorry, I can't help with that.", None),
        ("judge", "", None),
        ("llavaw_judge", "8 7\nThe first is better.", 0.7),
        ("llavaw_judge", "9,10", 1.0),
        ("llavaw_judge", "85 90", None),
        ("llavaw_judge", "8 -1", None),
        ("llavaw_judge", "nan nan", None),
        ("llavaw_judge", "8 inf", None),
        ("llavaw_judge", "8/10 7/10", None),
        ("llavaw_judge", "**8 7**", None),
        ("llavaw_judge", "7", None),
        ("mmvet_judge", "0.8", 0.8),
        ("mmvet_judge", "nan", None),
        ("mmvet_judge", "8", None),
        ("mmvet_judge", "8/10", None),
        ("mmvet_judge", "-0.5", None),
        ("mmvet_judge", "Score: 0.8", None),
        ("mmvp_judge", "nO", 0.0),
        ("mmvp_judge", "no.", None),
    ],
)
def test_a_reply_of_another_form_is_no_grade(rule: str, reply: str, value: float | None) -> None:
    found = SCORERS.load(rule).graded(reply, "said", ANY)
    assert (found and found.value) == value


@pytest.mark.parametrize("reply", ["nan nan", "8 inf", "-inf 1"])
def test_a_review_in_a_file_that_holds_no_number_is_unread(reply: str) -> None:
    assert SCORERS.load("llavaw_judge").read(reply, ANY) == Score(0.0, None)
