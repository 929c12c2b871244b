"""Labels read out of free answers: whole words, the longest name, nothing guessed."""

import pytest

from ipllvm.benchmarks.objects import CLASSES
from ipllvm.records import Sample
from ipllvm.scorers.label import extract, score

PETS = ("Abyssinian", "american_bulldog", "pit bull", "bull", "Saint-Bernard")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Abyssinian", "abyssinian"),
        ("The animal is an American Bulldog.", "american bulldog"),
        ("a pit bull", "pit bull"),
        ("a bull", "bull"),
        ("a bull, yes, a BULL", "bull"),
        ("It is a **Saint Bernard**!", "saint bernard"),
        ("This isn't a bull; it's a pit bull.", "pit bull"),
        ("no bull but an abyssinian", "abyssinian"),
    ],
)
def test_the_class_that_is_said(text: str, label: str) -> None:
    assert extract(text, PETS) == label


@pytest.mark.parametrize(
    "text",
    ["", "...", "a bulldozer", "bullish", "a bull or an abyssinian", "not a bull", "american", "bulldog"],
)
def test_no_class_and_two_classes_are_no_answer(text: str) -> None:
    assert extract(text, PETS) is None


@pytest.mark.parametrize("answer", CLASSES)
def test_every_class_of_objects_is_told_from_the_others(answer: str) -> None:
    said = [extract(text, CLASSES) for text in (answer, f"The object is a {answer}.", f"A {answer.upper()}")]
    assert said == [answer] * 3


def test_an_answer_that_is_no_choice_is_an_error() -> None:
    with pytest.raises(ValueError, match="'cow' is none of its choices"):
        score("a bull", Sample("s", "s", (), "?", "cow", PETS))


def test_no_labels_no_answer() -> None:
    assert extract("a bull", ()) is None
    assert extract("a bull", ("...",)) is None
