"""A report cut into sections: one a property, with claims, pictures, examples and what the paper prints."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ipllvm.reporting import claim_pictures, examples, series_pictures
from ipllvm.reporting.pictures import Picture
from ipllvm.reporting.reading import reading, summary
from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.text import number, visible
from ipllvm.reporting.view import WORST_FIRST, Line, lines, standing

REGRESSION: Final = "regression"


@dataclass(frozen=True, slots=True)
class ShownResult:
    """A result: its place in the page, its line, its reading, the examples that fit and how many do not."""

    id: str
    line: Line
    reading: str
    flips: tuple[Row, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Part:
    """One claim of a property over benchmarks and models; `settings` are what its results have alike."""

    claim: Row
    summary: str
    results: tuple[ShownResult, ...]
    pictures: tuple[Picture, ...]
    regression: bool
    settings: Row


@dataclass(frozen=True, slots=True)
class Printed:
    """A figure of the paper beside what was measured, all as text."""

    benchmark: str
    model: str
    where: str
    name: str
    value: str
    here: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One property; `standing` is the worst of its results."""

    id: str
    property: str
    kind: str
    standing: str
    verdict: str
    parts: tuple[Part, ...]
    pictures: tuple[Picture, ...]
    printed: tuple[Printed, ...]


def sections(report: Report) -> list[Section]:
    """The properties, in the order of their worst result; every picture's name is there once."""
    found = lines(report)
    room = examples.fitting([line.row for line in found])
    shown = [
        ShownResult(f"r{place}", line, reading(line.row), tuple(flips), more)
        for place, (line, (flips, more)) in enumerate(zip(found, room, strict=True), start=1)
    ]
    names = list(dict.fromkeys(result.line.row["property"] for result in shown))
    models = len(report["models"]) > 1
    return [
        _section(number, [r for r in shown if r.line.row["property"] == name], models)
        for number, name in enumerate(names, start=1)
    ]


def _section(place: int, found: Sequence[ShownResult], models: bool) -> Section:
    worst = min(found, key=lambda result: WORST_FIRST.index(standing(result.line.row)))
    claims = dict.fromkeys(result.line.row["claim"]["name"] for result in found)
    parts = [[r for r in found if r.line.row["claim"]["name"] == name] for name in claims]
    names = _Names(place)
    return Section(
        id=f"p{place}",
        property=visible(found[0].line.row["property"], 60).replace("_", " "),
        kind=found[0].line.row["claim"]["kind"],
        standing=standing(worst.line.row),
        verdict=worst.line.verdict,
        parts=tuple(_part(part, names) for part in parts),
        pictures=tuple(names.given(picture) for picture in _detailed(found, models)),
        printed=tuple(figure for result in found for figure in _printed(result.line)),
    )


def _part(found: Sequence[ShownResult], names: "_Names") -> Part:
    claim = found[0].line.row["claim"]
    each = [result.line for result in found]
    places = list(dict.fromkeys(line.benchmark for line in each))
    beside = sorted(each, key=lambda line: places.index(line.benchmark))
    regression = claim["name"].startswith(REGRESSION)
    drawn = [claim_pictures.forest(beside), None if regression else claim_pictures.levels(beside)]
    return Part(
        claim=claim,
        summary=summary(each),
        results=tuple(found),
        pictures=tuple(names.given(picture) for picture in drawn if picture is not None),
        regression=regression,
        settings=alike([line.row for line in each]),
    )


def alike(rows: Sequence[Row]) -> Row:
    """The settings that several results have alike, to be told once."""
    first, *rest = [row["settings"] for row in rows] or [{}]
    if not rest:
        return {}
    return {k: v for k, v in first.items() if all(k in other and other[k] == v for other in rest)}


def _detailed(found: Sequence[ShownResult], models: bool) -> Iterator[Picture]:
    """Curves and maps of each benchmark; claims of one test that share them show them once.

    The first map is drawn over the picture of an example too, where there is one.
    """
    seen: list[tuple[str, str, Row]] = []
    under = next(filter(None, (examples.first_picture(result.line.row) for result in found)), None)
    for result in found:
        row = result.line.row
        key = (row["model"], row["benchmark"], row["series"])
        if key not in seen:
            seen.append(key)
            yield from series_pictures.curves(result.line, models)
            maps = list(series_pictures.maps(result.line, models, under))
            under = None if maps else under
            yield from maps


def _printed(line: Line) -> Iterator[Printed]:
    """What the paper prints of a result; nothing in a report that knows of none."""
    for figure in line.row.get("printed") or ():
        here = line.row["estimates"].get(figure["name"])
        known = figure["value"] is not None
        yield Printed(
            benchmark=line.benchmark,
            model=line.model,
            where=visible(figure["where"], 40),
            name=visible(figure["name"], 200).replace("_", " "),
            value=f"{figure['value']:g} {visible(figure['unit'], 40)}"
            if known
            else "a picture without numbers",
            here=number(here["value"], here["unit"]) if here else "",
            notes=tuple(visible(note) for note in figure["notes"]),
        )


class _Names:
    """Names of pictures that are fit for files and there once, since they begin with a running number."""

    def __init__(self, place: int) -> None:
        self._place, self._count = place, 0

    def given(self, picture: Picture) -> Picture:
        """`picture` under its own name."""
        self._count += 1
        return replace(picture, name=f"{self._place:02}-{self._count:02}-{picture.name}")
