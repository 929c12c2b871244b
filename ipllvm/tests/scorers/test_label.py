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


ANIMALS = ("cat", "dog", "cow", "three", "four", "St. Bernard")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("<think>cat or dog?</think>dog", "dog"),
        ("<think>It is a cat.</think>I don't know", None),
        ("<answer>dog</answer>", "dog"),
        ("It cannot be a cat", None),
        ("It can't be a cat.", None),
        ("This isn't really a cat", None),
        ("It doesn't look like a cat", None),
        ("I don't think it's a cat, it is a dog", "dog"),
        ("It is hardly a cat", None),
        ("neither a cat nor a dog, it's a cow", "cow"),
        ("a dog rather than a cat", "dog"),
        ("It's not. It is a cat", "cat"),
        ("cat? No, dog", None),
        ("It is a cat. Wait, that is wrong. It is a dog.", "dog"),
        ("No visible edge: a dog", "dog"),
        ("ＣＡＴ", "cat"),
        ("**cat**", "cat"),
        ("3", "three"),
        ("There are 3 objects.", "three"),
        ("Three.", "three"),
        ("3 or 4", None),
        ("5", None),
        ("3 and 6", None),
        ("3.5", None),
        ("10,3", None),
        ("1,003", None),
        ("a St. Bernard", "st bernard"),
        ("a St Bernard", "st bernard"),
    ],
)
def test_what_a_model_says_around_a_class(text: str, label: str | None) -> None:
    assert extract(text, ANIMALS) == label


@pytest.mark.parametrize("answer", CLASSES)
def test_every_class_of_objects_is_told_from_the_others(answer: str) -> None:
    said = [extract(text, CLASSES) for text in (answer, f"The object is a {answer}.", f"A {answer.upper()}")]
    assert said == [answer] * 3


def test_an_answer_that_is_no_choice_is_an_error() -> None:
    with pytest.raises(ValueError, match="'cow' is not among its choices"):
        score("a bull", Sample("s", "s", (), "?", "cow", PETS))


def test_no_labels_no_answer() -> None:
    assert extract("a bull", ()) is None
    assert extract("a bull", ("...",)) is None
