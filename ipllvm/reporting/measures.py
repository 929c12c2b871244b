"""A report as the flat numbers that experiment trackers and model cards take, by model."""

import re
from collections.abc import Iterator
from typing import Final

from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.view import COMPARISON

_OTHER: Final = re.compile(r"[^\w./ -]", re.ASCII)
"""What a tracker may refuse in a name."""
BESIDE: Final = ("clean", "blank")


def measures(report: Report, model: str) -> dict[str, float]:
    """The numbers of one model (its id in the report) by name.

    Names are `property/benchmark/quantity`: the claimed quantity with the ends of its interval as `.../low`
    and `.../high`, the clean and blank scores, and `.../violated`, 1 where the run as a whole says so.
    Nothing stands for a number that is not there.

    >>> measures({"results": []}, "llava-tiny")
    {}
    """
    rows = [row for row in report["results"] if row["model"] == model]
    return {_OTHER.sub("_", name): value for row in rows for name, value in _of_row(row)}


def decision(row: Row) -> str:
    """What the run as a whole says of a result, else its own verdict."""
    return str((row["standing"] or row["verdict"])["decision"])


def place(row: Row) -> str:
    """A result in one name: its property, or the comparison with a baseline, and its benchmark."""
    claim = row["claim"]["name"]
    return f"{claim if claim.startswith(COMPARISON) else row['property']}/{row['benchmark']}"


def _of_row(row: Row) -> Iterator[tuple[str, float]]:
    start, quantity = place(row), row["claim"]["quantity"]
    target = row["estimates"].get(quantity) or {}
    for name, key in ((quantity, "value"), ("low", "low"), ("high", "high")):
        if target.get(key) is not None:
            yield f"{start}/{name}", float(target[key])
    for name in BESIDE:
        if name != quantity and (row["estimates"].get(name) or {}).get("value") is not None:
            yield f"{start}/{name}", float(row["estimates"][name]["value"])
    yield f"{start}/violated", float(decision(row) == "VIOLATED")
