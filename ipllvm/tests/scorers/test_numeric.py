from decimal import Decimal

import pytest

from ipllvm.records import Sample
from ipllvm.scorers.numeric import extract, score


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3 + 4 = 7. The answer is 7.", "7"),
        ("The answer is 7", "7"),
        ("the answer is: 7 apples", "7"),
        ("THE ANSWER IS $1,250.50.", "1250.50"),
        ("The answer is -3.", "-3"),
        ("The answer is -$3.", "-3"),
        ("The answer is $-3.", "-3"),
        ("The answer is 8. The answer is 8.", "8"),
        ("The answer is 8. Sorry, that is wrong. The answer is 9.", "9"),
        ("The answer is unclear at first. The final answer is 9.", "9"),
        ("The answer is seven.", "7"),
        ("The answer is 8.\n\nQ: And twice that?\nA: The answer is 16.", "8"),
        (" 42 ", "42"),
        ("42.", "42"),
        ("$42", "42"),
        ("The answer is 12.0", "12.0"),
    ],
)
def test_the_number_that_is_named(text: str, number: str) -> None:
    assert extract(text) == Decimal(number)


@pytest.mark.parametrize(
    "text",
    [
        "3 + 4 = 7.",
        "The answer is 8. The answer is 9.",
        "The answer is 12:30",
        "The answer is 3 to 5",
        "The answer is 3-5",
        "The answer is 5M",
        "The answer is 1/2/2024",
        "The answer is severe",
        "The answer is",
        "It may be 7 or 8",
        "",
        "-",
        "Q: What is 1 + 1?\nA: The answer is 2.",
        "Hm.\n Q: What is 1 + 1?\nA: The answer is 2.",
        "\nQ: 4\n",
    ],
)
def test_no_number_is_guessed(text: str) -> None:
    assert extract(text) is None


def test_numbers_are_compared_as_numbers() -> None:
    sample = Sample("s", "s", (), "?", "1250")
    for right in ("The answer is 1,250.", "The answer is $1250.00", "1250"):
        assert score(right, sample).value == 1
    for wrong in ("The answer is 125.", "The answer is -1250.", "The answer is 1250.5", ""):
        assert score(wrong, sample).value == 0


def test_an_answer_that_is_no_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="sample 's': the answer 'red' is not a number"):
        score("The answer is 1.", Sample("s", "s", (), "?", "red"))
