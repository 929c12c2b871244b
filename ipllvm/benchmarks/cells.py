"""The cells of a row, each of the kind that is expected: a wrong one says its column."""

import math
from collections.abc import Mapping
from typing import Any

Row = Mapping[str, Any]


class BadCell(ValueError):
    """A cell that can't be used; says which column, and why."""

    def __init__(self, column: str, why: str) -> None:
        self.column = column
        super().__init__(f"column '{column}': {why}")


def cell(row: Row, column: str) -> Any:
    """What stands there; raises BadCell where there is no such column."""
    if column not in row:
        shown = ", ".join(map(str, row)) or "none"
        raise BadCell(column, f"there is no such column (there are: {shown[:200]})")
    return row[column]


def text(row: Row, column: str) -> str:
    """A text, as it is; numbers become their digits. Raises BadCell.

    >>> text({"answer": 4}, "answer")
    '4'
    """
    value = cell(row, column)
    if isinstance(value, str):
        return _whole_characters(value, column)
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return str(value)
    raise BadCell(column, f"a text is needed, not {_shown(value)}")


def row_name(value: Any) -> str:
    """What a row is known by, as text: a number without a fraction is the same with and without a point.

    >>> row_name(7.0), row_name("7"), row_name("v1_0")
    ('7', '7', 'v1_0')
    """
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def filled(row: Row, column: str) -> str:
    """A text that is not blank; raises BadCell."""
    value = text(row, column)
    if not value.strip():
        raise BadCell(column, "it is blank")
    return value


def optional(row: Row, column: str) -> str:
    """A text, blank where the column or the cell is missing."""
    value = row.get(column)
    return "" if value is None or value != value else text(row, column)


def whole(row: Row, column: str) -> int:
    """A whole number, also as text or as a float without a fraction; raises BadCell."""
    value = cell(row, column)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if isinstance(value, bool) or not number.is_integer():
        raise BadCell(column, f"a whole number is needed, not {_shown(value)}")
    return int(number)


def texts(row: Row, column: str) -> tuple[str, ...]:
    """A list of texts; raises BadCell."""
    value = cell(row, column)
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise BadCell(column, f"a list of texts is needed, not {_shown(value)}")
    found = tuple(value)
    if not all(isinstance(each, str) for each in found):
        raise BadCell(column, f"a list of texts is needed, not {_shown(value)}")
    return tuple(_whole_characters(each, column) for each in found)


def _whole_characters(value: str, column: str) -> str:
    """The text; raises BadCell where it holds half a character, as JSON can, which no tokenizer takes."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        half = value[error.start].encode("unicode_escape").decode()
        raise BadCell(column, f"it holds {half}, half of a character: write it whole, in UTF-8") from error
    return value


def one_of(value: str, column: str, known: tuple[str, ...]) -> str:
    """`value`, where it is one of the known ones; raises BadCell."""
    if value not in known:
        raise BadCell(column, f"{_shown(value)} is none of {', '.join(known)}")
    return value


def _shown(value: object) -> str:
    return repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:57]}..."
