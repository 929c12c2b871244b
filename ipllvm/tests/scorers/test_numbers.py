"""Numbers: words beside a speller of our own, and what is one number, two, or none."""

from decimal import Decimal

import pytest

from ipllvm.scorers import READINGS
from ipllvm.scorers.exact_match import said
from ipllvm.scorers.forms import unwrapped
from ipllvm.scorers.numbers import SCALES, leading, whole
from ipllvm.scorers.numeric import extract

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
    "text",
    ["one two", "ten two", "twelve three", "twenty ten", "twenty eleven", "twenty thirty", "twenty-one two",
     "one hundred one two", "one hundred ten two", "five and six", "hundred", "and two", "apples"],
)  # fmt: skip
def test_words_that_make_two_numbers_or_none_are_none(text: str) -> None:
    assert leading(text) is None and whole(text) is None


NUMBERS_ALONE = (
    ("1½", "1.5"), ("½", "0.5"), ("2 ¾", "2.75"), ("⅔", "2/3"), ("1'000", "1000"), ("1_000", "1000"),
    ("(5)", "5"), ("[5]", "5"), ('"5"', "5"), ("“5”", "5"), ("**5**", "5"), ("x = 5", "5"), ("n=5", "5"),
    ("minus 5", "-5"), ("negative five", "-5"), ("−5", "-5"), (r"\boxed{\$5}", "5"), (r"\boxed{x = 5}", "5"),
    (r"\boxed{1{,}250}", "1250"), (r"\boxed{5\%}", "5"),
    (r"$$\boxed{5}$$", "5"), (r"\[\boxed{5}\]", "5"), ("5,", "5"), (r"\(5\)", "5"), (r"1\frac{1}{2}", "1.5"),
    (r"5 \times 10^3", "5000"), ("2 dozens", "24"), ("one hundred five", "105"), ("５", "5"),
)  # fmt: skip
"""Replies that are one number."""
BEHIND_A_CUE = (
    ("\n- 5 apples", "5"), ("4 + 5 = 9 = 9", "9"), ("5 + 2 = 4 + 3 = 7", "7"), ("3 * 4 = 12 apples", "12"),
    ("five plus three = 8", "8"), ("3 = 3", "3"), ("5 (five)", "5"), ("5 or so", "5"), ("5 times", "5"),
    ("30^\\circ", "30"), ("5, because 2 + 3 = 5", "5"), ("10, because 2 * 3 = 6 and 6 + 4 = 10", "10"),
    ("5 out of 10", "5"), ("5 - they are red", "5"), ("0, since 3 - 3 = 0", "0"), ("5 in 2020", "5"),
    ("5 seconds", "5"), ("$20 - $5 = $15", "15"), ("5 + 3 dollars = 8 dollars", "8"),
)  # fmt: skip
"""What a cue names with more words about it."""
DOUBTFUL = (
    "5 and 6", "5 6", "five six", "five and six", "one or two", "5, or 6", "5; 6", "42, 43", "5, six",
    "10 * 2", "10*2", "5 + 3", "20 - 5", "2^3", "2 ^ x", "5²", "10²", "10₂", "2⁻¹", "5 ± 1", "5x3", "5 x 3",
    "5 × (2 + 1)",
    "5 · 3", "5 ÷ 2", "5 times 3", "five plus three", "5 divided by 2", "5 more than 3", "5 squared",
    "one point five", "2 point 5", "three quarters", "one half", "two-thirds", "one third", "3 tenths",
    "two and a half", "2 and a half", "one in five", "1 in 5", "20% of 50", "3 = 4", "x = 5 or x = 6",
    "x = 5, y = 6", "5 apples and 3 pears", "5 feet 3 inches", "2 hours 5 minutes", "5'11", "5 bn", "5 lakh",
    r"2\pi", r"2 \pi", "2π", "2 pi", r"3\sqrt{2}", "2√3", "3 √2", "2x", "2 x", "12y",
    r"\boxed{2\pi}", r"$2\sqrt{3}$",
    "1/0", "5/6/7", "1,2345", "5-6", "5–6", "five to six", "\n- 5 apples\n- 6 pears", "\n5\n6",
)  # fmt: skip
"""What could be two numbers, is a part of one, or has to be worked out first."""


@pytest.mark.parametrize(("text", "number"), NUMBERS_ALONE)
def test_a_reply_that_is_a_number(text: str, number: str) -> None:
    above, _, below = number.partition("/")
    assert extract(text) == extract(f"The answer is {text}.") == Decimal(above) / Decimal(below or 1)


@pytest.mark.parametrize(("text", "number"), BEHIND_A_CUE)
def test_a_number_among_words(text: str, number: str) -> None:
    assert extract(f"The answer is {text}.") == Decimal(number)


@pytest.mark.parametrize("text", DOUBTFUL)
def test_what_could_be_two_numbers_is_none(text: str) -> None:
    assert extract(text) is None
    assert extract(f"The answer is {text}.") is None
    assert extract(f"The answer is {text}. So the answer is 5.") is None


@pytest.mark.parametrize(
    "text", [*DOUBTFUL, "3D", "7th", "5 apples", "three dogs", "12:30", "100km", "one-way"]
)
def test_a_short_answer_is_a_number_only_as_a_whole(text: str) -> None:
    assert whole(unwrapped(text)) is None
    for number in ("1", "2", "3", "5", "6", "7", "10", "12", "42", "52", "102", "100", "56", "1000"):
        assert said(text) != number


@pytest.mark.parametrize(
    ("text", "number"),
    [("three", "3"), ("1,000", "1000"), ("1½", "1.5"), ("½", "0.5"), ("1/2", "0.5"), ("-3", "-3"),
     ("minus 3", "-3"), ("twenty-five", "25"), ("$5", "5"), ("12 %", "12%"),
     ("-0", "0"), ("1'000", "1000"), ("007", "7")],
)  # fmt: skip
def test_a_short_answer_that_is_a_number(text: str, number: str) -> None:
    assert said(text) == said(number)


def test_many_equations_are_followed_to_their_end() -> None:
    assert leading("1 = " * 900 + "1") == 1
    assert leading("1 + " * 900 + "1 = 901") == 901


def test_a_scale_is_what_its_name_says() -> None:
    assert SCALES == {
        "dozen": 12,
        "hundred": 100,
        "k": 1000,
        "thousand": 1000,
        "million": 1_000_000,
        "billion": 1_000_000_000,
        "trillion": 10**12,
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
    assert READINGS == 4
