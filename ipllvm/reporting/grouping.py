"""Rows that say the same of many things, told once."""

from collections.abc import Iterable, Mapping
from typing import Any


def products(rows: Iterable[Mapping[str, Any]], same: str, *names: str) -> list[tuple[Any, ...]]:
    """Of rows of equal `same`, values of the fields `names` of which every combination is a row.

    Each is the value of `same` and a tuple for each name; each row is in one of them.

    >>> rows = [{"x": x, "y": y, "why": "no"} for x, y in ((1, 1), (1, 2), (2, 1), (2, 2), (3, 1))]
    >>> products(rows, "why", "x", "y")
    [('no', (1, 2), (1, 2)), ('no', (3,), (1,))]
    """
    found = dict.fromkeys((row[same], *((row[name],) for name in names)) for row in rows)
    for place in range(len(names), 0, -1):
        merged: dict[tuple[Any, ...], list[Any]] = {}
        for each in found:
            merged.setdefault((each[:place], each[place + 1 :]), []).extend(each[place])
        found = dict.fromkeys((*before, tuple(values), *after) for (before, after), values in merged.items())
    return [*found]
