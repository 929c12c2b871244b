"""What is drawn of a result's curves and maps."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ipllvm.reporting import plots
from ipllvm.reporting.pictures import Picture, alternative, capital, label, plain, score, slug
from ipllvm.reporting.quantities import axis_name
from ipllvm.reporting.schema import Row
from ipllvm.reporting.text import number, visible
from ipllvm.reporting.view import Line

if TYPE_CHECKING:
    from PIL.Image import Image


MAP: Final = ("row", "column")


def curves(line: Line, models: bool) -> Iterator[Picture]:
    """The curves of a result; those with the same axis and unit are drawn together."""
    kinds: dict[tuple[str, str, bool], list[Row]] = {}
    for series in (curve for each in line.row["series"] for curve in _unrolled(each)):
        if len(series["axes"]) == 1 and sum(point["value"] is not None for point in series["points"]) > 1:
            scores = series["quantity"].startswith("score")
            kinds.setdefault((series["axes"][0], series["unit"], scores), []).append(series)
    for (axis, unit, scores), found in kinds.items():
        yield _curves(line, axis, unit, found, _blank(line.row) if scores else [], label(line, models))


def _curves(
    line: Line, axis: str, unit: str, found: Sequence[Row], across: Sequence[tuple[str, float]], place: str
) -> Picture:
    drawn = [_curve(series) for series in found]
    quantities = dict.fromkeys(visible(series["quantity"], 200) for series in found)
    told = [(c.name, ", ".join(f"{a:g}: {number(v, unit)}" for a, v in zip(c.at, c.values, strict=True)))
            for c in drawn]  # fmt: skip
    names = ", ".join(curve.name for curve in drawn)
    up = f"{visible(unit, 20)}: {names}" if len(drawn) == 1 else visible(unit, 20)
    return Picture(
        name=f"{slug(line.property)}-{slug(line.benchmark)}-{slug(line.model)}-by-{slug(axis)}",
        title=place,
        caption=f"{capital('; '.join(quantities))}, in {visible(unit, 20)}, by {axis_name(axis)}. "
        "Band: pointwise, 5 % on each side.",
        alt=alternative(f"{names} by {axis_name(axis)}, in {visible(unit, 20)}", told),
        columns=("curve", visible(axis, 40), "value", "low", "high"),
        rows=tuple(
            (plain(series["name"]), point["at"][0], point["value"], point["low"], point["high"])
            for series in found
            for point in series["points"]
        ),
        draw=lambda: plots.curves(drawn, axis_name(axis), up, across),
    )


def maps(line: Line, models: bool, under: "Image | None" = None) -> Iterator[Picture]:
    """The maps of a result, the first again over the picture of an example where there is one."""
    for series in line.row["series"]:
        if tuple(series["axes"]) == MAP and any(point["value"] is not None for point in series["points"]):
            yield _map(line, series, label(line, models), None)
            if under is not None:
                yield _map(line, series, label(line, models), under)
            under = None


def _map(line: Line, series: Row, place: str, under: "Image | None") -> Picture:
    cells = _cells(series)
    unit = visible(series["unit"], 20)
    words = re.sub(r"higher =", "darker =", visible(series["quantity"], 300))
    words += "" if "darker" in words else " (darker = more)"
    over = "" if under is None else ", over an example picture (an example, not the data behind the map)"
    told = [
        (f"row {number + 1}", ", ".join("n/a" if v is None else f"{v:z.1f}" for v in row))
        for number, row in enumerate(cells)
    ]
    return Picture(
        name=f"{slug(line.property)}-{slug(line.benchmark)}-{slug(line.model)}-{slug(series['name'])}"
        + ("" if under is None else "-over-example"),
        title=f"{place}: {plain(series['name'])}" + ("" if under is None else ", over an example"),
        caption=f"{capital(words)}, in {unit}{over}.",
        alt=alternative(f"{words}, in {unit}, row by row from the top left", told),
        columns=(*(visible(axis, 40) for axis in series["axes"]), "value", "low", "high"),
        rows=tuple((*p["at"], p["value"], p["low"], p["high"]) for p in series["points"])
        if under is None
        else (),
        draw=lambda: plots.heat(cells, under),
    )


def _blank(row: Row) -> list[tuple[str, float]]:
    value = score(row, "blank")
    return [] if value is None else [("blank image", value)]


def _unrolled(series: Row) -> Iterator[Row]:
    """A series of two axes that are no places of a picture, such as layer by draw, as one curve a draw."""
    if len(series["axes"]) != 2 or tuple(series["axes"]) == MAP:
        yield series
        return
    across, along = series["axes"]
    for place in sorted({point["at"][1] for point in series["points"]}):
        points = [{**p, "at": [p["at"][0] + 1]} for p in series["points"] if p["at"][1] == place]
        yield {**series, "name": f"{along} {place + 1:g}", "axes": [across], "points": points}


def _curve(series: Row) -> plots.Curve:
    points = sorted((p for p in series["points"] if p["value"] is not None), key=lambda p: p["at"])
    sides = [tuple(p["value"] if p[name] is None else p[name] for p in points) for name in ("low", "high")]
    at, values = tuple(p["at"][0] for p in points), tuple(p["value"] for p in points)
    return plots.Curve(plain(series["name"]), at, values, *sides)


def _cells(series: Row) -> list[list[float | None]]:
    found = {tuple(map(int, point["at"])): point["value"] for point in series["points"]}
    rows, columns = (1 + max(place[axis] for place in found) for axis in (0, 1))
    return [[found.get((row, column)) for column in range(min(columns, 64))] for row in range(min(rows, 64))]
