"""Curves and maps as plain text: a line of pairs, or rows of numbers."""

from collections.abc import Iterator

from ipllvm.reporting.schema import Row
from ipllvm.reporting.text import MISSING, number, visible


def text(series: Row) -> list[str]:
    """The lines of a series: its name, what it shows, then its values.

    >>> points = [{"at": [2], "value": 4.0}, {"at": [4], "value": None}]
    >>> text({"name": "drop", "quantity": "lost", "unit": "points", "axes": ["grid"], "points": points})
    ['drop: lost, in points', '  grid 2: 4.0, 4: n/a']
    """
    head = f"{visible(series['name'])}: {visible(series['quantity'])}, in {visible(series['unit'])}"
    return [head, *(f"  {line}" for line in (_map(series) if len(series["axes"]) == 2 else _curve(series)))]


def _curve(series: Row) -> Iterator[str]:
    pairs = (f"{_place(point)}: {_value(point, series['unit'])}" for point in series["points"])
    yield f"{visible(', '.join(series['axes']))} {', '.join(pairs)}"


def _place(point: Row) -> str:
    return " ".join(f"{place:g}" for place in point["at"])


def _map(series: Row) -> Iterator[str]:
    """One line a row of the map."""
    cells = {tuple(point["at"]): _value(point, series["unit"]) for point in series["points"]}
    width = max(map(len, cells.values()), default=0)
    columns = sorted({column for _, column in cells})
    for row in sorted({row for row, _ in cells}):
        yield "  ".join(cells.get((row, column), "").rjust(width) for column in columns)


def _value(point: Row, unit: str) -> str:
    return MISSING if point["value"] is None else number(point["value"], unit)
