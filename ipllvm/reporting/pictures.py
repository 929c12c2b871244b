"""A picture of a report: its words, the numbers behind it, and how it is drawn.

A picture states quantity, unit and direction; `rows` are the same numbers for those who can't see it, and for
the CSV file. What is drawn of claims is in claim_pictures.py, what is drawn of curves and maps in
series_pictures.py.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ipllvm.records import COMPARISON
from ipllvm.reporting.lines import Line, claim_title
from ipllvm.reporting.schema import Row
from ipllvm.reporting.text import visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TOLD: Final = 12
"""Values that an alternative text tells; the table has all."""
Cell = str | float | None


@dataclass(frozen=True, slots=True)
class Picture:
    """`name` is fit for a file; `rows` are its numbers, none where another picture has the same."""

    name: str
    title: str
    caption: str
    alt: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    draw: "Callable[[], Figure]"


def label(line: Line, models: bool) -> str:
    """What a row or a picture of one result is called; of a comparison, what is compared."""
    claim = line.row["claim"]
    compared = [claim_title(claim).partition(",")[0]] if claim["name"].startswith(COMPARISON) else []
    return " · ".join([*compared, line.benchmark, *([line.model] if models else [])])


def labels(lines: Sequence[Line]) -> list[str]:
    """What tells results apart: the benchmark, the model or both."""
    models, benchmarks = {line.row["model"] for line in lines}, {line.benchmark for line in lines}
    compared = any(line.row["claim"]["name"].startswith(COMPARISON) for line in lines)
    if len(models) == 1 or len(benchmarks) > 1 or compared:
        return [label(line, len(models) > 1) for line in lines]
    return [line.model for line in lines]


def plain(name: str) -> str:
    """The name of a score or a curve for readers.

    >>> plain("non_salient")
    'non salient'
    """
    return visible(name, 40).replace("_", " ")


def slug(text: str) -> str:
    """`text` as a part of a file's name.

    >>> slug("../Patch Information"), slug("\u202e")
    ('patch-information', 'x')
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "x"


def score(row: Row, name: str) -> float | None:
    """The value of one of a result's estimates."""
    found = row["estimates"].get(name)
    return found["value"] if found else None


def capital(text: str) -> str:
    """`text` with a capital first."""
    return text[:1].upper() + text[1:]


def alternative(what: str, told: Sequence[tuple[str, str]]) -> str:
    """What a picture shows, then its first values by name."""
    listed = "; ".join(f"{name}: {words}" for name, words in told[:TOLD])
    more = f"; and {len(told) - TOLD} more in the table" if len(told) > TOLD else ""
    return f"{what}. {listed}{more}."
