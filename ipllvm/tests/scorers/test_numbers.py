"""Numbers in words, beside a speller of our own."""

from decimal import Decimal

import pytest

from ipllvm.scorers import READINGS
from ipllvm.scorers.numbers import SCALES, leading

ONES = (
    "", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
NUMBERS = (*range(1, 131), 199, 200, 305, 999, 1_000, 1_001, 1_019, 2_025, 12_345, 99_999, 100_000, 110_011,
           700_090, 999_999, 1_000_000, 2_000_013, 45_678_912, 3_000_000_000, 7_654_321_098)  # fmt: skip


def spelt(number: int, joint: str, dash: str) -> str:
    """A number above 0 in English words."""
    for scale in (10**9, 10**6, 1000):
        if number >= scale:
            name = {1000: "thousand", 10**6: "million", 10**9: "billion"}[scale]
            left = number % scale
            return f"{spelt(number // scale, joint, dash)} {name} {spelt(left, joint, dash) if left else ''}"
    if number >= 100:
        left = number % 100
        return f"{ONES[number // 100]} hundred {joint + spelt(left, joint, dash) if left else ''}"
    return ONES[number] if number < 20 else f"{TENS[number // 10]}{dash}{ONES[number % 10]}".strip("- ")


@pytest.mark.parametrize(("joint", "dash"), [("", " "), ("", "-"), ("and ", "-")])
def test_every_number_is_read_as_it_is_spelt(joint: str, dash: str) -> None:
    for number in NUMBERS:
        text = " ".join(spelt(number, joint, dash).split())
        assert leading(text) == number, text
        assert leading(f"{text} apples") == number and leading(f"minus {text}") == -number, text


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("one two", 1),
        ("ten two", 10),
        ("twelve three", 12),
        ("twenty ten", 20),
        ("twenty eleven", 20),
        ("twenty thirty", 20),
        ("twenty-one two", 21),
        ("one hundred one two", 101),
        ("one hundred ten two", 110),
        ("hundred", None),
        ("and two", None),
        ("apples", None),
    ],
)
def test_a_word_that_is_no_part_of_the_number_ends_it(text: str, first: int | None) -> None:
    assert leading(text) == first


def test_a_scale_is_what_its_name_says() -> None:
    assert SCALES == {
        "dozen": 12,
        "hundred": 100,
        "k": 1000,
        "thousand": 1000,
        "million": 1_000_000,
        "billion": 1_000_000_000,
    }
    for name, value in SCALES.items():
        assert leading(f"2.5 {name}") == Decimal("2.5") * value


READ = {
    "1 3/4 cups": "1.75", "-2 3/4": "-2.75", "12 5/8 in": "12.625", "3/8": "0.375", "5 x 10^3": "5000",
    "2 million": "2000000", "1,234.5": "1234.5", "forty-two": "42", "7 apples": "7", "5 + 3 = 8": "8",
}  # fmt: skip


def test_a_reading_is_of_this_version() -> None:
    """Whoever lets a number be read otherwise raises READINGS, so that a gate refuses the older one."""
    assert {text: str(leading(text)) for text in READ} == READ
    assert READINGS == 2
