"""Exact match: what is forgiven and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.records import Sample
from ipllvm.scorers.exact_match import normalize, score


def of(answer: str) -> Sample:
    """A sample with that answer."""
    return Sample("s", "s", (), "?", answer)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("red", "red"),
        (" Red.\n", "red"),
        ('"red"', "red"),
        ('"Red."', "red"),
        ('"red".', "red"),
        ("'red'", "Red"),
        ("“red”", "red"),
        ("dark \n  red", "dark red"),
        ("STRASSE", "straße"),
        ("3.", "3"),
        ("the red", "red"),
        ("three", "3"),
        ("3", "three"),
        ("**red**", "red"),
        ("The answer is red", "red"),
        ("It is red.", "red"),
        ("red!", "red"),
        ("red。", "red"),
        ("Red</s>", "red"),
        (r"\boxed{red}", "red"),
        ("1,000", "1000"),
        ("12 %", "12%"),
        ("3.0", "3"),
        ("a circle", "circle"),
        ("grey", "gray"),
        ("forty-two", "42"),
        ("ｒｅｄ", "red"),
        ("<think>blue?</think>red", "red"),
    ],
)
def test_right(said: str, answer: str) -> None:
    assert score(said, of(answer)).value == 1.0


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("", "red"),
        (".", "red"),
        ("dark red", "red"),
        ("red blue", "red"),
        ("re d", "red"),
        ("3.5", "35"),
        ("33", "3"),
        ("red?", "red"),
        ("no", "yes"),
        ('"red', "red"),
        ("one two", "3"),
        ("3%", "3"),
        ("-3", "3"),
        ("not red", "red"),
        ("it is", "it"),
    ],
)
def test_wrong(said: str, answer: str) -> None:
    assert score(said, of(answer)).value == 0.0


@given(st.text(alphabet=st.sampled_from(" .'\"“”aB1\n")))
def test_normalizing_twice_changes_nothing(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)
