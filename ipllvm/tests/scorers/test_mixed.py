"""A file of questions of several forms: each is graded as its own form asks, whatever stands beside it."""

import pytest

from ipllvm.records import Sample
from ipllvm.registry import SCORERS
from ipllvm.scorers.mixed import score


def sample(answer: str, *choices: str) -> Sample:
    return Sample("s", "s", (), "?", answer, choices)


@pytest.mark.parametrize(
    ("question", "text", "read", "value"),
    [
        (sample("yes", "yes", "no"), "Yes, it is.", "yes", 1.0),
        (sample("no", "yes", "no"), "Yes, it is.", "yes", 0.0),
        (sample("A", "yes", "no"), "A.", "A", 1.0),
        (sample("B", "yes", "no"), "A.", "A", 0.0),
        (sample("B", "a cat", "a dog"), "B.", "B", 1.0),
        (sample("yes"), "yes", "yes", 1.0),
        (sample("b"), "b", "b", 1.0),
    ],
)
def test_each_form_has_its_own_rule(question: Sample, text: str, read: str, value: float) -> None:
    found = score(text, question)
    assert (found.answer, found.value) == (read, value)


def test_a_row_of_no_task_of_another_harness_is_told() -> None:
    with pytest.raises(ValueError, match="sample 's' is not of a task of lmms-eval"):
        SCORERS.load("lmms_task")("yes", sample("yes"))
