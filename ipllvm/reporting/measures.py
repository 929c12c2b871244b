"""A report as the flat numbers that experiment trackers and model cards take, by model."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from ipllvm.records import COMPARISON
from ipllvm.reporting.schema import Report, Row

_OTHER: Final = re.compile(r"[^\w./ -]", re.ASCII)
"""What a tracker may refuse in a name."""
BESIDE: Final = ("clean", "blank")


def measures(report: Report, model: str) -> dict[str, float]:
    """The numbers of one model (its id in the report) by name.

    Names are `property/benchmark/quantity`: the claimed quantity with the ends of its interval as `.../low`
    and `.../high`, the clean and blank scores, and `.../violated`, 1 where the run as a whole says so. Of a
    property with several claims on a benchmark they are `property.claim/...`. Nothing stands for a number
    that is not there.

    >>> measures({"results": []}, "llava-tiny")
    {}
    """
    rows = [row for row in report["results"] if row["model"] == model]
    named = zip(places(rows), rows, strict=True)
    return {_OTHER.sub("_", name): value for place, row in named for name, value in _of_row(place, row)}


def decision(row: Row) -> str:
    """What the run as a whole says of a result, else its own verdict."""
    return str((row["standing"] or row["verdict"])["decision"])


def places(rows: Sequence[Row]) -> list[str]:
    """A name for each result of a model, no two alike: what is measured, and on which benchmark."""
    taken = Counter((_measured(row), row["benchmark"]) for row in rows)
    names = (_measured(row, whole=taken[_measured(row), row["benchmark"]] > 1) for row in rows)
    found: list[str] = []
    for name, row in zip(names, rows, strict=True):
        place = f"{name}/{row['benchmark']}"
        again = sum(other.partition(" #")[0] == place for other in found)  # with other settings
        found.append(f"{place} #{again + 1}" if again else place)
    return found


def _measured(row: Row, *, whole: bool = False) -> str:
    """A property, or the comparison of a claim with a baseline; the `whole` name has both."""
    claim, name = row["claim"]["name"], row["property"]
    first, second = (claim, name) if claim.startswith(COMPARISON) else (name, claim)
    return f"{first}.{second}" if whole else str(first)


def _of_row(start: str, row: Row) -> Iterator[tuple[str, float]]:
    quantity = row["claim"]["quantity"]
    target = row["estimates"].get(quantity) or {}
    for name, key in ((quantity, "value"), ("low", "low"), ("high", "high")):
        if target.get(key) is not None:
            yield f"{start}/{name}", float(target[key])
    for name in BESIDE:
        if name != quantity and (row["estimates"].get(name) or {}).get("value") is not None:
            yield f"{start}/{name}", float(row["estimates"][name]["value"])
    yield f"{start}/violated", float(decision(row) == "VIOLATED")
