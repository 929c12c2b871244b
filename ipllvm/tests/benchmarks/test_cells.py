"""Cells of rows: what is taken as a text or a number, and what is refused with its column."""

from typing import Any

import pytest

from ipllvm.benchmarks import cells
from ipllvm.benchmarks.cells import BadCell


@pytest.mark.parametrize(
    ("value", "said"), [("x", "x"), ("", ""), (4, "4"), (2.5, "2.5"), (10**30, str(10**30))]
)
def test_texts_and_numbers_are_texts(value: Any, said: str) -> None:
    assert cells.text({"a": value}, "a") == said


@pytest.mark.parametrize("value", [None, True, [], {}, float("nan"), float("inf"), -float("inf")])
def test_what_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(BadCell, match="column 'a': a text is needed, not "):
        cells.text({"a": value}, "a")


@pytest.mark.parametrize(("value", "number"), [(3, 3), ("4", 4), (5.0, 5), ("6.0", 6), (-2, -2)])
def test_whole_numbers_however_they_are_written(value: Any, number: int) -> None:
    assert cells.whole({"a": value}, "a") == number


@pytest.mark.parametrize(
    "value", [2.5, "3.5", "x", None, True, [], float("nan"), float("inf"), "-inf", "9" * 400]
)
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(BadCell, match="column 'a': a whole number is needed, not "):
        cells.whole({"a": value}, "a")


def test_a_blank_text_and_a_missing_column_are_told() -> None:
    with pytest.raises(BadCell, match="column 'a': it is blank"):
        cells.filled({"a": " \n"}, "a")
    with pytest.raises(BadCell, match=r"no such column \(there are: b, c\)"):
        cells.text({"b": 1, "c": 2}, "a")
    with pytest.raises(BadCell, match=r"no such column \(there are: none\)"):
        cells.cell({}, "a")


@pytest.mark.parametrize(
    ("row", "said"), [({}, ""), ({"a": None}, ""), ({"a": float("nan")}, ""), ({"a": "x"}, "x")]
)
def test_an_optional_text_may_be_missing(row: dict[str, Any], said: str) -> None:
    assert cells.optional(row, "a") == said


def test_lists_of_texts() -> None:
    assert cells.texts({"a": ["x", "y"]}, "a") == ("x", "y")
    for value in ("xy", 3, None, ["x", 3]):
        with pytest.raises(BadCell, match="a list of texts is needed"):
            cells.texts({"a": value}, "a")


def test_one_of_the_known_ones_and_long_values_are_cut() -> None:
    assert cells.one_of("A", "a", ("A", "B")) == "A"
    with pytest.raises(BadCell, match="'C' is none of A, B"):
        cells.one_of("C", "a", ("A", "B"))
    with pytest.raises(BadCell) as raised:
        cells.one_of("x" * 999, "a", ("A",))
    assert len(str(raised.value)) < 100 and "..." in str(raised.value)
