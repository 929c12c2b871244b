"""Partial credit by the distance of letters, and the rules of lmms-eval on rows that are not its own."""

import pytest

from ipllvm.records import Sample
from ipllvm.scorers import nearby_choice
from ipllvm.scorers.official import lmms

SAMPLE = Sample("s", "s", (), "Which one?", "B", choices=("cat", "dog", "cow", "pig", "hen"))


@pytest.mark.parametrize(("text", "value"), [("B", 1.0), ("A", 0.9), ("C.", 0.9), ("(D)", 0.5), ("E", 0.0)])
def test_credit_falls_with_the_distance(text: str, value: float) -> None:
    found = nearby_choice.score(text, SAMPLE)
    assert (found.value, found.answer) == (value, text.strip("(.)"))


def test_what_names_no_letter_is_unread() -> None:
    found = nearby_choice.score("I can not say", SAMPLE)
    assert (found.value, found.answer) == (0.0, None)


def test_a_row_of_no_task_is_told() -> None:
    with pytest.raises(ValueError, match="sample 's' is not of a task of lmms-eval"):
        lmms.task("B", SAMPLE)
