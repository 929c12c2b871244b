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
        ("No, that is incorrect. The sign reads 40.", "no"),
        ("No, the statement is wrong. It is a dog.", "no"),
        ("No. This is not right. It is a cat", "no"),
        ("No, it's mistaken: it is a cat", "no"),
        ("No, sorry, that is incorrect: it is a cat.", "no"),
        ("Yes, it is incorrect. The word is misspelled.", "yes"),
        ("Yes, actually the second one is wrong. But it holds.", "yes"),
        ("Yes. Wait, that is wrong. No.", "no"),
        ("Yes, it is. No, that was wrong. No, it isn't.", "no"),
        ("Yes. Actually, I am mistaken. The answer is no.", "no"),
        ("No problem! Yes, there is.", "yes"),
        ("No doubt, yes.", "yes"),
        ("No doubt about it: yes", "yes"),
        ("No there is not", "no"),
        ("No - there is none", "no"),
        ("No (there is none)", "no"),
        ("No\nThe dog is red", "no"),
        ("no it isn't", "no"),
        ("No because it is blue", "no"),
        ("I think no.", "no"),
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
        "No one is visible",
        "No idea.",
        "No information is given.",
        "no way to tell",
        "No comment",
        "No matter what, yes",
        "I think no one is there",
        "The answer is no one's",
        "**No** idea",
        "No, that is not right. Yes.",
        "Yes.\nNo.",
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
