"""A report cut into sections: one a property, with claims, pictures, examples and what the paper prints."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ipllvm.records import COMPARISON
from ipllvm.reporting import claim_pictures, example_cards, examples, series_pictures
from ipllvm.reporting.advice import samples
from ipllvm.reporting.example_cards import Example
from ipllvm.reporting.lines import Line, baseline, claim_title, lines
from ipllvm.reporting.pictures import Picture, label
from ipllvm.reporting.reading import reading, summary
from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.text import number, visible
from ipllvm.reporting.wording import WORST_FIRST, standing


@dataclass(frozen=True, slots=True)
class ShownResult:
    """A result: its place in the page, what it is called beside its like, its line, its reading, what more
    samples would do for it, examples and how many do not fit.
    """

    id: str
    name: str
    line: Line
    reading: str
    advice: str
    examples: tuple[Example, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Part:
    """One claim of a property over benchmarks and models; `settings` are what its results have alike.

    `title` is empty where the claim is all that the property has; `holds` says that every result does.
    """

    title: str
    claim: Row
    summary: str
    results: tuple[ShownResult, ...]
    pictures: tuple[Picture, ...]
    regression: bool
    settings: Row
    examples: tuple[Example, ...]
    holds: bool


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
    """One property; `standing` is the worst of its results, `first` the curve or map that shows its claim."""

    id: str
    property: str
    kind: str
    standing: str
    verdict: str
    parts: tuple[Part, ...]
    first: Picture | None
    pictures: tuple[Picture, ...]
    printed: tuple[Printed, ...]


def every_picture(section: Section) -> list[Picture]:
    """All pictures of a property, in the page's order."""
    first = [] if section.first is None else [section.first]
    return [*(it for part in section.parts for it in part.pictures), *first, *section.pictures]


def sections(report: Report) -> list[Section]:
    """The properties, in the order of their worst result; every picture's name is there once."""
    found = lines(report)
    models = len(report["models"]) > 1
    data = {each["id"]: each for each in report["benchmarks"]}
    room = examples.fitting([line.row for line in found])
    suffix = example_cards.common_suffix(flip["prompt"] for flips, _ in room for flip in flips)
    shown = [
        ShownResult(
            f"r{place}",
            label(line, models),
            line,
            reading(line.row),
            samples(line.row, data[line.row["benchmark"]]),
            _examples(line, flips, suffix),
            more,
        )
        for place, (line, (flips, more)) in enumerate(zip(found, room, strict=True), start=1)
    ]
    names = list(dict.fromkeys(result.line.row["property"] for result in shown))
    return [
        _section(number, [r for r in shown if r.line.row["property"] == name], models)
        for number, name in enumerate(names, start=1)
    ]


def _examples(line: Line, flips: Sequence[Row], suffix: str) -> tuple[Example, ...]:
    """The smallest counterexample of a result, then its flipped answers, each with where it was."""
    least = line.row.get("counterexample")
    cards = [example_cards.smallest(least, suffix)] if least else []
    cards += [example_cards.example(flip, suffix) for flip in flips]
    return tuple(replace(each, where=line.benchmark) for each in cards)


def _section(place: int, found: Sequence[ShownResult], models: bool) -> Section:
    worst = min(found, key=lambda result: WORST_FIRST.index(standing(result.line.row)))
    claims: dict[tuple[str, float | None], list[ShownResult]] = {}
    for result in found:
        claims.setdefault(_together(result.line.row["claim"]), []).append(result)
    names = _Names(place)
    parts = tuple(_part(part, names, len(claims) > 1) for part in claims.values())
    first, more = _detailed(found, worst, models)
    return Section(
        id=f"p{place}",
        property=visible(found[0].line.row["property"], 60).replace("_", " "),
        kind=found[0].line.row["claim"]["kind"],
        standing=standing(worst.line.row),
        verdict=worst.line.verdict,
        parts=parts,
        first=None if first is None else names.given(first),
        pictures=tuple(names.given(picture) for picture in more),
        printed=tuple(figure for result in found for figure in _printed(result.line)),
    )


def _together(claim: Row) -> tuple[str, float | None]:
    """What results have in common that one part tells: a claim, or all comparisons of one margin."""
    return (COMPARISON, claim["margin"]) if claim["name"].startswith(COMPARISON) else (claim["name"], None)


def _part(found: Sequence[ShownResult], names: "_Names", several: bool) -> Part:
    claim = found[0].line.row["claim"]
    each = [result.line for result in found]
    places = list(dict.fromkeys(line.benchmark for line in each))
    beside = sorted(each, key=lambda line: places.index(line.benchmark))
    regression = claim["name"].startswith(COMPARISON)
    drawn = [claim_pictures.forest(beside), None if regression else claim_pictures.levels(beside)]
    name = f"Against {baseline(claim)}" if regression else claim_title(claim)
    return Part(
        title=name if several or regression else "",
        claim=claim,
        summary=summary(each),
        results=tuple(found),
        pictures=tuple(names.given(picture) for picture in drawn if picture is not None),
        regression=regression,
        settings=alike([line.row for line in each]),
        examples=example_cards.mixed([result.examples for result in found]),
        holds=all(standing(line.row) == "HOLDS" for line in each),
    )


def alike(rows: Sequence[Row]) -> Row:
    """The settings that several results have alike, to be told once."""
    first, *rest = [row["settings"] for row in rows] or [{}]
    if not rest:
        return {}
    return {k: v for k, v in first.items() if all(k in other and other[k] == v for other in rest)}


def _detailed(
    found: Sequence[ShownResult], worst: ShownResult, models: bool
) -> tuple[Picture | None, list[Picture]]:
    """The first curve or map of the worst result, and all others; claims that share them show them once.

    Maps of one quantity have one scale; each lies over the picture of an example where there is one.
    """
    rest = [result for result in found if result is not worst]
    alone: list[ShownResult] = []
    for result in (worst, *rest):
        row = result.line.row
        keys = [(r.line.row["model"], r.line.row["benchmark"], r.line.row["series"]) for r in alone]
        if row["series"] and (row["model"], row["benchmark"], row["series"]) not in keys:
            alone.append(result)
    limits = series_pictures.common_limits([result.line for result in alone])
    drawn: list[Picture] = []
    for result in alone:
        under = examples.first_picture(result.line.row)
        drawn += [*series_pictures.maps(result.line, models, under, limits)]
        drawn += [*series_pictures.curves(result.line, models)]
    return (drawn[0], drawn[1:]) if drawn else (None, [])


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
