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
        ("the red", "red"),
        ("3.5", "35"),
        ("33", "3"),
        ("red?", "red"),
        ("no", "yes"),
        ('"red', "red"),
        ("three", "3"),
    ],
)
def test_wrong(said: str, answer: str) -> None:
    assert score(said, of(answer)).value == 0.0


@given(st.text(alphabet=st.sampled_from(" .'\"“”aB1\n")))
def test_normalizing_twice_changes_nothing(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)
