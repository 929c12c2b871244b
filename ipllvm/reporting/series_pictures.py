"""What is drawn of a result's curves and maps."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from ipllvm.reporting import plots
from ipllvm.reporting.heat import Limits, heat
from ipllvm.reporting.likeness import Distinct, distinct, scale
from ipllvm.reporting.lines import Line
from ipllvm.reporting.pictures import Picture, alternative, capital, label, plain, slug
from ipllvm.reporting.quantities import Axis, ClaimedLevel, axis, claim_levels
from ipllvm.reporting.schema import Row
from ipllvm.reporting.text import number, visible
from ipllvm.reporting.wording import INTERVAL_NOTE

if TYPE_CHECKING:
    from PIL.Image import Image


MAP: Final = ("row", "column")
LARGEST: Final = 64
"""Rows and columns of a map that are drawn."""


def curves(line: Line, models: bool) -> Iterator[Picture]:
    """The curves of a result; those of one axis, unit and quantity are drawn together, equal ones once."""
    unrolled = [curve for each in line.row["series"] for curve in _unrolled(each)]
    found = [
        s for s in unrolled if len(s["axes"]) == 1 and sum(p["value"] is not None for p in s["points"]) > 1
    ]
    kinds: dict[tuple[str, str, str], list[Distinct]] = {}
    for each in distinct(found):
        kinds.setdefault((each.series["axes"][0], *scale(each.series)), []).append(each)
    for (along, unit, quantity), together in kinds.items():
        levels = claim_levels(line.row, along) if quantity == "score" else []
        yield _curves(line, along, unit, together, levels, label(line, models))


def _curves(
    line: Line, name: str, unit: str, found: Sequence[Distinct], levels: Sequence[ClaimedLevel], place: str
) -> Picture:
    along, unit = axis(name), visible(unit, 20)
    drawn = [_curve(each, along) for each in found]
    across = [_level(each, drawn) for each in levels]
    told = [(c.name, ", ".join(f"{a:g}: {number(v, unit)}" for a, v in zip(c.at, c.values, strict=True)))
            for c in drawn]  # fmt: skip
    names = ", ".join(curve.name for curve in drawn)
    words = dict.fromkeys(visible(each.series["quantity"], 200) for each in found)
    alike = [plain(name) for each in found for name in each.like]
    return Picture(
        name=f"{slug(line.property)}-{slug(line.benchmark)}-{slug(line.model)}-by-{slug(name)}",
        title=f"{_title(next(iter(words)))}: {place}",
        caption=f"{capital('; '.join(words))}. Band: {INTERVAL_NOTE} at each point."
        + (f" The same on another scale, in the report's JSON: {', '.join(alike)}." if alike else ""),
        alt=alternative(f"{names} by {along.name}, in {unit}", told),
        columns=("curve", along.name, "value", "low", "high"),
        rows=tuple(
            (" = ".join(map(plain, each.names)), along.drawn(p["at"][0]), p["value"], p["low"], p["high"])
            for each in found
            for p in each.series["points"]
        ),
        draw=lambda: plots.curves(drawn, along.name, unit, across),
    )


def _title(quantity: str) -> str:
    """A quantity without its remarks.

    >>> _title("score with that share in black (higher = more robust)")
    'Score with that share in black'
    """
    return capital(re.sub(r" *\(.*?\)", "", quantity).partition(",")[0])


def _level(found: ClaimedLevel, drawn: Sequence[plots.Curve]) -> plots.Level:
    """A level across curves; what decides a claim is at the place that is closest to its own, or the last."""
    places = sorted({at for curve in drawn for at in curve.at})
    if found.above is None:
        return plots.Level(found.name, found.value)
    at = places[-1] if found.at is None else min(places, key=lambda x: abs(x - (found.at or 0.0)))
    return plots.Level(found.name, found.value, found.above, at)


def maps(
    line: Line, models: bool, under: "Image | None" = None, limits: Limits | None = None
) -> Iterator[Picture]:
    """The maps of a result, each over the picture of an example where there is one; one of a scale."""
    for each in distinct(map_series(line)):
        yield _map(line, each, label(line, models), under, limits)


def map_series(line: Line) -> list[Row]:
    """The series of a result that are maps with values."""
    return [
        s
        for s in line.row["series"]
        if tuple(s["axes"]) == MAP and any(p["value"] is not None for p in s["points"])
    ]


def common_limits(lines: Sequence[Line]) -> Limits | None:
    """The least and the most of the first maps of several results, which then have one scale."""
    first = [found[0] for line in lines if (found := map_series(line))]
    units = {(series["unit"], series["name"]) for series in first}
    values = [p["value"] for series in first for p in series["points"] if p["value"] is not None]
    return (min(values), max(values)) if len(units) == 1 and values else None


def _map(line: Line, found: Distinct, place: str, under: "Image | None", limits: Limits | None) -> Picture:
    series = found.series
    cells = _cells(series)
    unit, words = visible(series["unit"], 20), visible(series["quantity"], 300)
    told = [
        (f"row {number + 1}", ", ".join("n/a" if v is None else f"{v:z.1f}" for v in row))
        for number, row in enumerate(cells)
    ]
    return Picture(
        name=f"{slug(line.property)}-{slug(line.benchmark)}-{slug(line.model)}-{slug(series['name'])}",
        title=f"{_title(words)}: {place}",
        caption=f"In {unit}, darker = more; {_sure(series, line)}."
        + (" Below it the picture of one example, not the data behind the map." if under else "")
        + (f" The same on another scale: {', '.join(map(plain, found.like))}." if found.like else ""),
        alt=alternative(f"{words}, in {unit}, row by row from the top left", told),
        columns=(*(visible(name, 40) for name in series["axes"]), "value", "low", "high"),
        rows=tuple((*p["at"], p["value"], p["low"], p["high"]) for p in series["points"]),
        draw=lambda: heat(cells, under, limits),
    )


def _sure(series: Row, line: Line) -> str:
    """On how many samples a map stands, and how far a cell may be off."""
    known = [p for p in series["points"] if p["low"] is not None and p["high"] is not None]
    halves = sorted((p["high"] - p["low"]) / 2 for p in known)
    off = f", a cell may be off by about ±{halves[len(halves) // 2]:.1f} ({INTERVAL_NOTE})" if halves else ""
    return f"n = {line.n}{off}"


def _unrolled(series: Row) -> Iterator[Row]:
    """A series of two axes that are no places of a picture, such as layer by draw, as one curve a draw."""
    if len(series["axes"]) != 2 or tuple(series["axes"]) == MAP:
        yield series
        return
    across, along = series["axes"]
    points = sorted(series["points"], key=lambda p: p["at"][1])
    for place, group in groupby(points, key=lambda p: p["at"][1]):
        moved = [{**p, "at": [p["at"][0] + 1]} for p in group]
        yield {**series, "name": f"{along} {place + 1:g}", "axes": [across], "points": moved}


def _curve(found: Distinct, along: Axis) -> plots.Curve:
    points = sorted((p for p in found.series["points"] if p["value"] is not None), key=lambda p: p["at"])
    sides = (tuple(p[name] for p in points) for name in ("low", "high"))
    at, values = tuple(along.drawn(p["at"][0]) for p in points), tuple(p["value"] for p in points)
    return plots.Curve(" = ".join(map(plain, found.names)), at, values, *sides)


def _cells(series: Row) -> list[list[float | None]]:
    found = {tuple(map(int, point["at"])): point["value"] for point in series["points"]}
    rows, columns = (1 + max(place[axis] for place in found) for axis in (0, 1))
    return [
        [found.get((row, column)) for column in range(min(columns, LARGEST))]
        for row in range(min(rows, LARGEST))
    ]
