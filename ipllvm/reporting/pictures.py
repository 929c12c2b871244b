"""What pictures a report has: each with its words, the numbers behind it, and how it is drawn.

A picture states quantity, unit and direction; `rows` are the same numbers for those who can't see it, and for
the CSV file.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ipllvm.reporting import plots
from ipllvm.reporting.quantities import axis_name, meaning
from ipllvm.reporting.schema import Row
from ipllvm.reporting.text import interval, number, visible
from ipllvm.reporting.view import NOT_MEASURED, Line, standing

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

TOLD: Final = 12
"""Values that an alternative text tells; the table has all."""
SCORES: Final = 6
"""Scores that are drawn side by side; the table of numbers has all."""
Cell = str | float | None


@dataclass(frozen=True, slots=True)
class Picture:
    """`name` is fit for a file; `columns` and `rows` are its numbers; `draw` makes the figure."""

    name: str
    title: str
    caption: str
    alt: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    draw: "Callable[[], Figure]"


def forest(lines: Sequence[Line], models: bool) -> Picture | None:
    """The intervals of one claim over benchmarks (and `models`, where there are several)."""
    found = [(line, target) for line in lines if (target := _measured(line.row))]
    margin = found[0][0].row["claim"]["margin"] if found else None
    if margin is None:
        return None
    claim, unit = found[0][0].row["claim"], found[0][1]["unit"]
    spans = [
        plots.Span(label(line, models), e["value"], e["low"], e["high"], standing(line.row))
        for line, e in found
    ]
    words, sign = meaning(claim["quantity"]), found[0][0].margin
    axis = f"{visible(unit, 20)} {words.what}"
    return Picture(
        name=f"{slug(found[0][0].property)}-{slug(claim['quantity'])}",
        title="Against the margin",
        caption=f"{_capital(axis)}; further right = {words.more}. Bar: the interval, 5 % on each side; dashed: the "
        f"margin, {sign}; tinted: where the claim holds. ● holds, ◆ undecided, ✖ violated.",
        alt=_alt(f"{axis}, margin {sign}", [(s.label, _told(s.value, s.low, s.high, unit)) for s in spans]),
        columns=("benchmark", "model", "value", "low", "high", "margin", "n", "verdict"),
        rows=tuple(
            (line.benchmark, line.model, e["value"], e["low"], e["high"], margin, e["n"], line.verdict)
            for line, e in found
        ),
        draw=lambda: plots.forest(spans, margin, claim["direction"], axis),
    )


def levels(lines: Sequence[Line], models: bool) -> Picture | None:
    """The scores that stand behind a claim, side by side; None where there are fewer than two."""
    unit = "points"
    names = list(dict.fromkeys(name for line in lines for name in _scores(line.row, unit)))[:SCORES]
    if len(names) < 2:
        return None
    labels = [label(line, models) for line in lines]
    values = [(plain(name), [_score(line.row, name) for line in lines]) for name in names]
    told = [
        (label, ", ".join(f"{name} {number(found[i], unit)}" for name, found in values))
        for i, label in enumerate(labels)
    ]
    shown = ", ".join(plain(name) for name in names)
    return Picture(
        name=f"{slug(lines[0].property)}-scores",
        title="Scores behind it",
        caption=f"Scores in points of 100 ({shown}); further right = better.",
        alt=_alt("Scores in points of 100", told),
        columns=("benchmark", "model", *(name for name, _ in values)),
        rows=tuple(
            (line.benchmark, line.model, *(found[i] for _, found in values)) for i, line in enumerate(lines)
        ),
        draw=lambda: plots.levels(labels, values, "score in points of 100 (right = better)"),
    )


def curves(line: Line, models: bool) -> Iterator[Picture]:
    """The curves of a result; those with the same axis and unit are drawn together."""
    kinds: dict[tuple[str, str, bool], list[Row]] = {}
    for series in line.row["series"]:
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
        caption=f"{_capital('; '.join(quantities))}, in {visible(unit, 20)}, by {axis_name(axis)}. "
        "Band: pointwise, 5 % on each side.",
        alt=_alt(f"{names} by {axis_name(axis)}, in {visible(unit, 20)}", told),
        columns=("curve", visible(axis, 40), "value", "low", "high"),
        rows=tuple(
            (plain(series["name"]), point["at"][0], point["value"], point["low"], point["high"])
            for series in found
            for point in series["points"]
        ),
        draw=lambda: plots.curves(drawn, axis_name(axis), up, across),
    )


def maps(line: Line, models: bool, under: "Image | None" = None) -> Iterator[Picture]:
    """The maps of a result, and again over the picture of an example where there is one."""
    for series in line.row["series"]:
        if len(series["axes"]) == 2 and any(point["value"] is not None for point in series["points"]):
            yield _map(line, series, label(line, models), None)
            if under is not None:
                yield _map(line, series, label(line, models), under)


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
        title=place + ("" if under is None else ", over an example"),
        caption=f"{_capital(words)}, in {unit}{over}.",
        alt=_alt(f"{words}, in {unit}, row by row from the top left", told),
        columns=(*(visible(axis, 40) for axis in series["axes"]), "value", "low", "high"),
        rows=tuple((*p["at"], p["value"], p["low"], p["high"]) for p in series["points"]),
        draw=lambda: plots.heat(cells, under),
    )


def label(line: Line, models: bool) -> str:
    """What a row or a picture of one result is called."""
    return f"{line.benchmark} · {line.model}" if models else line.benchmark


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


def _measured(row: Row) -> Row | None:
    """The estimate that the claim speaks of; None where it was not measured."""
    found: Row | None = row["estimates"].get(row["claim"]["quantity"])
    lost = found is None or found["value"] is None or standing(row) == NOT_MEASURED
    return None if lost else found


def _scores(row: Row, unit: str) -> Iterator[str]:
    for name, estimate in row["estimates"].items():
        beside = name == row["claim"]["quantity"] or name.endswith("_pairs")
        if estimate["unit"] == unit and not beside:
            yield name


def _score(row: Row, name: str) -> float | None:
    found = row["estimates"].get(name)
    return found["value"] if found else None


def _blank(row: Row) -> list[tuple[str, float]]:
    value = _score(row, "blank")
    return [] if value is None else [("blank image", value)]


def _curve(series: Row) -> plots.Curve:
    points = sorted((p for p in series["points"] if p["value"] is not None), key=lambda p: p["at"])
    sides = [tuple(p["value"] if p[name] is None else p[name] for p in points) for name in ("low", "high")]
    at, values = tuple(p["at"][0] for p in points), tuple(p["value"] for p in points)
    return plots.Curve(plain(series["name"]), at, values, *sides)


def _cells(series: Row) -> list[list[float | None]]:
    found = {tuple(map(int, point["at"])): point["value"] for point in series["points"]}
    rows, columns = (1 + max(place[axis] for place in found) for axis in (0, 1))
    return [[found.get((row, column)) for column in range(min(columns, 64))] for row in range(min(rows, 64))]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _told(value: float, low: float | None, high: float | None, unit: str) -> str:
    return f"{number(value, unit)} {interval(low, high, unit)}"


def _alt(what: str, told: Sequence[tuple[str, str]]) -> str:
    listed = "; ".join(f"{name}: {words}" for name, words in told[:TOLD])
    more = f"; and {len(told) - TOLD} more in the table" if len(told) > TOLD else ""
    return f"{what}. {listed}{more}."
