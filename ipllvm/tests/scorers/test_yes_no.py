"""Yes or no: whole words where an answer stands."""

import pytest

from ipllvm.records import Sample
from ipllvm.scorers.yes_no import extract, score


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Yes.", "yes"),
        ("yes", "yes"),
        ("YES, there is", "yes"),
        ("y", "yes"),
        ('"Yes"', "yes"),
        ("**Yes**", "yes"),
        ("The answer is yes.", "yes"),
        ("Answer: Yes", "yes"),
        ("Yes, there is no dog", "yes"),
        ("No, it", "no"),
        (" no\n", "no"),
        ("N.", "no"),
        ("No", "no"),
        ("the answer is no", "no"),
    ],
)
def test_answers(text: str, answer: str) -> None:
    assert extract(text) == answer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Not sure",
        "I know",
        "Nothing",
        "None",
        "Yesterday",
        "north",
        "yes or no",
        "No/Yes",
        "Yes and no",
        "maybe yes",
    ],
)
def test_no_answer(text: str) -> None:
    assert extract(text) is None


@pytest.mark.parametrize(
    ("gold", "said", "points"), [("Yes", "yes", 1.0), ("no", "Yes", 0.0), ("No", "Not sure", 0.0)]
)
def test_score(gold: str, said: str, points: float) -> None:
    assert score(said, Sample("s", "s", (), "?", gold)).value == points


def test_an_answer_that_is_neither_is_an_error() -> None:
    with pytest.raises(ValueError, match="neither yes nor no"):
        score("yes", Sample("s", "s", (), "?", "red"))
