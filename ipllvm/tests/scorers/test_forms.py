"""Every row of every table of forms is there for its examples, which are read by it."""

import re
from decimal import Decimal

import pytest

from ipllvm.scorers import exact_match, multiple_choice, numbers, numeric, yes_no
from ipllvm.scorers.forms import THOUGHTS, WRAPPINGS, Form, form, unretracted, unwrapped
from ipllvm.scorers.letter_forms import OTHERS

ANIMALS = ("a cat", "a dog", "a cow", "vitamin C")
LETTERS = {
    f"{name}, {each.name}": each
    for name in ("DENIED", "DECLARED", "LEADING", "NAMED")
    for each in getattr(multiple_choice, name)
}


LETTER = re.compile(r"(?<![A-Za-z\\])(?:[A-D](?![A-Za-z])|[a-d](?=[.)]))|(?<=option |choice )[a-d]\b")


def pairs(forms: dict[str, Form]) -> list[tuple[Form, str]]:
    return [(each, example) for each in forms.values() for example in each.examples]


def named(forms: tuple[Form, ...]) -> dict[str, Form]:
    return {each.name: each for each in forms}


def _name(value: object) -> str:
    """A form by its name: what it prints holds a place in memory, which two workers do not share."""
    return str(getattr(value, "name", value))


@pytest.mark.parametrize(("each", "example"), pairs(LETTERS), ids=_name)
def test_forms_of_letters(each: Form, example: str) -> None:
    text = unretracted(unwrapped(example))
    assert each.pattern.search(text)
    assert multiple_choice.extract(example, ANIMALS) == "B"


@pytest.mark.parametrize(("each", "example"), pairs(named(OTHERS)), ids=_name)
def test_a_second_letter_is_seen(each: Form, example: str) -> None:
    assert each.pattern.search(example)
    assert multiple_choice.extract(example, ANIMALS) is None


@pytest.mark.parametrize(("each", "example"), pairs(LETTERS), ids=_name)
@pytest.mark.parametrize("swapped", ["CDAB", "BADC", "DCBA"])
def test_no_letter_is_easier_to_say_than_another(each: Form, example: str, swapped: str) -> None:
    """Letters change places in the reply: so does what is read of it."""
    table = str.maketrans("ABCDabcd", swapped + swapped.lower())
    other = LETTER.sub(lambda found: found[0].translate(table), example)
    expected = multiple_choice.extract(example, ("one", "two", "three", "four"))
    found = multiple_choice.extract(other, ("one", "two", "three", "four"))
    assert found == (expected and expected.translate(table))


@pytest.mark.parametrize(("each", "example"), pairs(named(yes_no.SAID)), ids=_name)
def test_forms_of_yes(each: Form, example: str) -> None:
    assert each.pattern.search(unwrapped(example))
    assert yes_no.extract(example) == "yes"
    if not example.startswith("No "):
        assert yes_no.extract(re.sub("yes", "no", unwrapped(example), flags=re.IGNORECASE)) == "no"


@pytest.mark.parametrize(("each", "example"), pairs(named((*numeric.FINAL, *numeric.CUES))), ids=_name)
def test_forms_of_final_numbers(each: Form, example: str) -> None:
    assert each.pattern.search(unwrapped(example))
    assert numeric.extract(example) == 7


VALUES: dict[str, int | str] = {
    "5 x 10^3": 5000, "5 × 10^{3}": 5000, "1 1/2": "1.5", "1½": "1.5",
    "3/4": ".75", "1 / 2": ".5", "½": ".5",
    "5 thousand": 5000, "2 dozen": 24, "2 dozens": 24, "5k": 5000, "42": 42, "$1,234.50": "1234.5",
    "1.234,50": "1234.5", "1 234": 1234, "1'234": 1234, "1{,}234": 1234, "1,2": "1.2", ".5": ".5",
    "1e3": 1000,
    "-$5": -5, "$-5": -5, r"\$5": 5, "+5": 5, "minus 5": -5, "€42": 42, "USD 42": 42,
    "50%": 50, "7th": 7, "(7)": 7, '"7"': 7, "x = 7": 7, "42 apples": 42, "1,000,000": 10**6,
    "forty-two": 42, "one hundred and five": 105, "negative five": -5,
}  # fmt: skip


@pytest.mark.parametrize(("each", "example"), pairs(named(numbers.FORMS)), ids=_name)
def test_forms_of_numbers(each: Form, example: str) -> None:
    text = numbers._opened(unwrapped(example))
    assert next(other for other in numbers.FORMS if other.pattern.match(text)) == each
    assert numbers.leading(unwrapped(example)) == Decimal(VALUES[example])
    assert numeric.extract(f"The answer is {example}") == Decimal(VALUES[example])


@pytest.mark.parametrize(("each", "example"), pairs(named((*THOUGHTS, *WRAPPINGS))), ids=_name)
def test_wrappings_leave_what_was_said(each: Form, example: str) -> None:
    assert each.pattern.sub(r"\1", example).strip(" .So") == "B"
    assert unwrapped(example) == "B"


@pytest.mark.parametrize(("each", "example"), pairs(named(exact_match.PUT)), ids=_name)
def test_ways_of_putting_a_short_answer(each: Form, example: str) -> None:
    assert exact_match.said(example) == "red"


@pytest.mark.parametrize(
    "text",
    [
        "Ｂ",
        "（B）",
        "B\u200b",
        "B\xa0",
        "“B”",
        "‘B’",
        r"$\boxed{B}$",
        r"The answer is \boxed{\text{B}}.",
        "\ufeffB",
    ],
)
def test_other_widths_and_marks_are_the_same_letter(text: str) -> None:
    assert multiple_choice.extract(text, ANIMALS) == "B"


def test_a_form_says_what_it_is() -> None:
    made = form("a name", "(b)", "B")
    assert (made.name, made.pattern.search("B") is not None, made.examples) == ("a name", True, ("B",))


def test_thoughts_that_never_end_say_nothing() -> None:
    assert multiple_choice.extract("<think>The answer is B", ANIMALS) is None
    assert numeric.extract("<think>The answer is 5") is None


@pytest.mark.parametrize(
    "text",
    [
        "x" * 50_000,
        "A, " * 20_000,
        "the answer is " * 5_000,
        "((((" * 10_000,
        "1," * 20_000,
        "<answer>" * 9_000,
    ],
)
def test_long_replies_are_read_in_time(text: str) -> None:
    for read in (
        lambda t: multiple_choice.extract(t, ANIMALS),
        yes_no.extract,
        numeric.extract,
        exact_match.said,
    ):
        read(text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("The answer is 5. Wait, that is wrong. It is 6.", "It is 6."),
        ("The answer is 5. No, that's wrong. It is 6.", "It is 6."),
        ("The answer is 5. No, 5 is wrong. It is 6.", "It is 6."),
        ("B. Hmm, B is incorrect. C", "C"),
        ("Wait, that is wrong. It is 6.", "It is 6."),
        ("B\nSorry, I was mistaken: C", "C"),
        ("No, that is wrong. It is 6.", None),
        ("The answer is B. There is no cat in it, so A is wrong. Option C shows a cow.", None),
        ("B. There is no doubt that A is wrong. C purrs.", None),
        ("B. Actually A is wrong, since it purrs. C moos.", None),
        ("No, it is wrong. blue", None),
    ],
)
def test_only_what_was_said_before_is_taken_back(text: str, left: str | None) -> None:
    assert unretracted(text) == (text if left is None else left)
