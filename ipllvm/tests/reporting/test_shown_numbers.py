"""Numbers as every view shows them: they read back as what they were, to the digits that are promised."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.reporting.text import MISSING, duration, interval, number, to_ascii, visible
from ipllvm.stats.rounding import rounded_up

UNITS = ("points", "%")
ANY = st.floats(allow_nan=False, allow_infinity=False, width=32)


@given(ANY, st.sampled_from(UNITS))
def test_points_and_shares_read_back_to_a_tenth(value: float, unit: str) -> None:
    shown = number(value, unit)
    assert re.fullmatch(r"-?\d+\.\d", shown), "one decimal, no unit, no exponent"
    assert abs(float(shown) - value) <= 0.05 + 1e-6 * abs(value)


@given(ANY)
def test_no_number_is_a_negative_nought(value: float) -> None:
    for unit in (*UNITS, "ratio", "s", ""):
        digits = number(value, unit).partition(" ")[0]
        assert float(digits) != 0 or not digits.startswith("-")


@given(st.floats(1e-4, 999_999_999, exclude_max=True), st.sampled_from((1.0, -1.0)))
def test_other_units_keep_three_digits_and_no_exponent(size: float, sign: float) -> None:
    digits, unit = number(sign * size, "ratio").split(" ")
    assert unit == "ratio" and "e" not in digits
    assert math.isclose(float(digits), sign * size, rel_tol=0.005, abs_tol=0.0)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (999.4, "999 s"),
        (999.5, "1000 s"),
        (999.96, "1000 s"),
        (-999.7, "-1000 s"),
        (1000.0, "1000 s"),
        (1000.4, "1000 s"),
        (123_456.7, "123457 s"),
        (99.95, "100 s"),
        (9.996, "10 s"),
        (0.0, "0 s"),
        (-0.0, "0 s"),
        (0.00012345, "0.000123 s"),
    ],
)
def test_a_number_just_below_a_thousand_is_written_out(value: float, shown: str) -> None:
    """A run of 999.7 seconds took "1000 s", not "1e+03 s"."""
    assert number(value, "s") == shown


@given(ANY, ANY)
def test_a_larger_number_never_looks_smaller(one: float, other: float) -> None:
    low, high = sorted((one, other))
    for unit in (*UNITS, "ratio"):
        shown = [float(number(value, unit).partition(" ")[0]) for value in (low, high)]
        assert shown[0] <= shown[1]


@pytest.mark.parametrize("unit", [*UNITS, "ratio", "", "a\x1b[31mb"])
def test_what_is_not_known_has_neither_digits_nor_unit(unit: str) -> None:
    """A bound without end neither, which JSON writes as null and the API gives as infinity."""
    for unknown in (None, math.inf, -math.inf, math.nan):
        assert number(unknown, unit) == MISSING
        assert interval(unknown, unknown, unit) == f"[{MISSING}, {MISSING}]"


@pytest.mark.parametrize("unit", ["\x1b[31mred", "a\nb", "u" * 500, "\u202egnp"])
def test_a_hostile_unit_stays_short_and_on_its_line(unit: str) -> None:
    shown = number(1.0, unit)
    assert shown.isprintable() and len(shown) <= 22


@given(ANY, ANY, st.sampled_from((*UNITS, "ratio", "two words")))
def test_an_interval_has_the_two_numbers_and_no_unit(low: float, high: float, unit: str) -> None:
    found = re.fullmatch(r"\[(\S+), (\S+)\]", interval(low, high, unit))
    assert found is not None
    assert [found[1], found[2]] == [number(each, unit).split(" ")[0] for each in (low, high)]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (91, "2 min"),
        (150, "2 min"),
        (151, "3 min"),
        (89 * 60, "89 min"),
        (89.6 * 60, "1 h 30 min"),
        (90 * 60, "1 h 30 min"),
        (119.6 * 60, "2 h 0 min"),
        (47 * 3600 + 59 * 60, "47 h 59 min"),
        (48 * 3600, "2 days 0 h"),
        (100 * 24 * 3600, "100 days 0 h"),
        (1234 * 24 * 3600 + 3600, "1,234 days 1 h"),
    ],
)
def test_how_long_it_took(seconds: float, words: str) -> None:
    assert duration(seconds) == words


UNIT_SECONDS = {"s": 1, "min": 60, "h": 3600, "days": 86400}


def _read(words: str) -> float:
    """The seconds that a duration in words is."""
    pairs = re.findall(r"([\d,]+) (s|min|h|days)", words)
    return sum(int(digits.replace(",", "")) * UNIT_SECONDS[unit] for digits, unit in pairs)


@given(st.floats(0, 1e7))
def test_a_duration_reads_back_to_its_smallest_unit(seconds: float) -> None:
    words = duration(seconds)
    smallest = UNIT_SECONDS[words.rpartition(" ")[2]]
    assert abs(_read(words) - seconds) <= smallest / 2 + 30, words
    assert not re.search(r"\b(60 min|24 h)$", words), "what makes a larger unit is one"


@given(st.text())
def test_ascii_is_ascii_and_says_what_it_was(text: str) -> None:
    shown = to_ascii(text)
    assert shown.isascii()
    assert not text.isascii() or shown == text
    assert to_ascii(shown) == shown


@given(st.text(), st.integers(1, 40))
def test_what_is_shown_is_one_printable_line_that_stays_as_it_is(text: str, limit: int) -> None:
    shown = visible(text, limit)
    assert shown.isprintable() and len(shown) <= limit
    assert visible(shown, limit) == shown


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_samples_are_rounded_up_and_not_beyond_what_there_is(n: int, available: int) -> None:
    alone, bounded = rounded_up(n), rounded_up(n, available)
    assert n <= alone <= n * 1.01 + 1
    assert len(str(alone).rstrip("0")) <= 3
    assert bounded == (min(alone, available) if n <= available else alone)
    assert rounded_up(alone) == alone
