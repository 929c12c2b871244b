import numpy as np
import pytest

from ipllvm.metrics.stock_answers import (
    answers_read,
    follows,
    free_numbers,
    read_share,
    share,
    stock_answers,
    yes_or_no,
)
from ipllvm.records import Failed, Sample, Scores
from ipllvm.scorers.exact_match import said
from ipllvm.scorers.yes_no import extract


def _sample(id: str, answer: str) -> Sample:
    return Sample(id, f"c{id}", (), "?", answer)


SAMPLES = (
    _sample("a", "1"),
    _sample("b", "37"),
    _sample("c", "yes"),
    _sample("d", "No"),
    _sample("e", "red"),
)
SAID = {"a": "1", "b": " 1.", "c": "No", "d": "no.", "e": "1"}


def test_only_the_questions_in_question_are_counted() -> None:
    assert free_numbers(SAMPLES) == {"a", "b"}
    assert yes_or_no(SAMPLES) == {"c", "d"}
    ones = share(SAID, SAMPLES, "1", among=free_numbers(SAMPLES))
    assert ones.values.tolist() == [1.0, 1.0]
    assert ones.samples == ("a", "b")
    assert ones.clusters == ("ca", "cb")
    noes = share(SAID, SAMPLES, "no", among=yes_or_no(SAMPLES))
    assert noes.values.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("said", "same"),
    [
        ("1.00", 1.0),
        ("01", 1.0),
        (" 1. ", 1.0),
        ("one", 0.0),
        ("1 apple", 0.0),
        ("", 0.0),
        ("-1", 0.0),
        ("nan", 0.0),
        ("11", 0.0),
    ],
)
def test_a_number_is_the_same_however_it_is_written_and_no_other_words_are(said: str, same: float) -> None:
    assert share({"b": said}, SAMPLES, "1", among=free_numbers(SAMPLES)).values.tolist() == [same]


def test_what_is_read_is_the_first_answer_and_nothing_where_it_was_not_read() -> None:
    scores = Scores(
        "clean",
        ("a", "b", "c"),
        ("a", "b", "c"),
        np.array([[1.0, 0.0], [0.0, 0.0], [np.nan, 1.0]]),
        answers=(("37", "1"), (None, "no"), (None, "yes")),
    )
    assert answers_read(scores) == {"a": "37", "b": ""}


def test_what_was_not_answered_is_left_out() -> None:
    assert share({"a": "1"}, SAMPLES, "1", among=free_numbers(SAMPLES)).samples == ("a",)
    assert len(share({}, SAMPLES, "1", among=frozenset()).values) == 0


def test_freq_is_taken_among_all_and_among_right_answers() -> None:
    found = stock_answers({**SAID, "a": "1.0"}, SAMPLES, frozenset({"a", "d"}), "_original")
    means = {name: contrast.values.mean() for name, contrast in found.items()}
    assert means == {
        "says_1_original": 1.0,
        "says_1_when_right_original": 1.0,
        "says_no_original": 1.0,
        "says_no_when_right_original": 1.0,
    }
    assert len(found["says_1_when_right_original"].values) == 1


def test_a_distractor_is_followed_by_its_text_or_its_letter_where_there_is_one() -> None:
    asked = tuple(Sample(name, f"c{name}", (), "?", "A", ("red", "blue")) for name in "abcd")
    answers = {"a": "Blue.", "b": "b", "c": "red", "d": "blue"}
    found = follows("follows", answers, asked, lambda sample: None if sample.id == "d" else "blue", said)
    assert (found.samples, found.clusters) == (("a", "b", "c"), ("ca", "cb", "cc"))
    assert found.values.tolist() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("text", "wrong", "followed"),
    [
        ("Grey.", "grey", True), ("gray", "grey", True), ("three", "three", True), ("3", "three", True),
        ("The answer is three.", "three", True), ("a ring", "ring", True), ("B", "grey", False),
        ("red", "grey", False),
    ],
)  # fmt: skip
def test_a_distractor_is_followed_however_it_is_put(text: str, wrong: str, followed: bool) -> None:
    asked = (Sample("a", "a", (), "?", "red", ("red", wrong)),)
    assert follows("follows", {"a": text}, asked, lambda sample: wrong, said).values.tolist() == [
        float(followed)
    ]


@pytest.mark.parametrize("word", ["yes", "no"])
def test_what_was_not_read_has_no_value_and_may_be_either(word: str) -> None:
    answers = ("yes, there is a dog", "no", None, "a dog", "yes")
    names = tuple("abcde")
    scores = Scores(
        "clean", names, names, np.array([[1.0], [1.0], [0.0], [0.0], [np.nan]]), {"e": "boom"},
        tuple((answer,) for answer in answers),
    )  # fmt: skip
    samples = tuple(Sample(name, f"c{name}", (), "?", "no") for name in "abcdef")
    found = read_share(scores, samples, word, extract, among=frozenset("abcdef"))
    assert found.values.tolist() == ([1.0, 0.0] if word == "yes" else [0.0, 1.0])
    assert found.n_error == 3 and found.failed == tuple(Failed(s, f"c{s}", 0.0, 1.0) for s in "cde")
    assert found.inside((-0.99, 0.99)) == (0.0, 0.99)
