"""A report as one HTML page that opens from disk: no network, light and dark, for print and phone too.

Every text from a model or a file is escaped (Jinja2 with autoescape), and a content security policy lets the
page run its own script alone and load nothing. Without the script all is there but sorting and filtering.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ipllvm.reporting import inlining, pages
from ipllvm.reporting.advice import here, why
from ipllvm.reporting.first_screen import first_screen, move
from ipllvm.reporting.lines import baseline
from ipllvm.reporting.merging import merged
from ipllvm.reporting.pages import SYMBOLS
from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.sections import Section, ShownResult, alike, every_picture, sections
from ipllvm.reporting.text import visible
from ipllvm.reporting.wording import (
    WORST_FIRST,
    failure,
    failure_reason,
    interval_note,
    note,
    standing,
    stated,
)


def render(*reports: Report) -> str:
    """The page of one report, or of several side by side."""
    report = merged(reports)
    found = sections(report)
    results = [result for section in found for part in section.parts for result in part.results]
    pictures = [it for section in found for it in every_picture(section)]
    drawings, marks, rules = inlining.shared({it.name: inlining.inline(it.draw, it.name) for it in pictures})
    overview = list(_overview(report, found))
    return str(
        pages.template("report.html", WORDS).render(
            report=report,
            runs=[each["run"] for each in reports],
            first=first_screen(report, found),
            skipped=list(_skipped(report)),
            stated=stated(report),
            sections=found,
            overview=overview if any(len(columns) > 1 for _, columns, _ in overview) else [],
            several=len(report["models"]) > 1,
            verdicts=list(dict.fromkeys(result.line.verdict for result in results)),
            order={verdict: place for place, verdict in enumerate(_verdicts(results))},
            common=alike(report["results"]),
            drawings=drawings,
            marks=marks,
            rules=rules,
        )
    )


def _skipped(report: Report) -> Iterator[tuple[str, str, str]]:
    """What was not tested, by property and reason: the property, where, and why."""
    places: dict[tuple[str, str], list[str]] = {}
    for row in report["not_tested"]:
        name = " of ".join(visible(row[part], 60) for part in ("benchmark", "model") if row[part])
        places.setdefault((row["property"], row["reason"]), []).append(name)
    for (name, reason), found in places.items():
        yield visible(name, 80).replace("_", " "), ", ".join(dict.fromkeys(found)), visible(reason, 1000)


def _overview(report: Report, found: Sequence[Section]) -> Iterator[tuple[str, list[str], list[Any]]]:
    """For each model its name, its benchmarks, and for each property, and each comparison of it, the worst
    result on each of them.

    A benchmark is one column however many of its samples a property took.
    """
    for model in report["models"]:
        used = {row["benchmark"] for row in report["results"] if row["model"] == model["id"]}
        columns: dict[str, set[str]] = {}
        for data in report["benchmarks"]:
            if data["id"] in used:
                columns.setdefault(data["name"], set()).add(data["id"])
        rows = [
            (section.id, title, [_worst(results, model["id"], ids) for ids in columns.values()])
            for section in found
            for title, results in _lines(section)
        ]
        yield (
            visible(model["id"], 60),
            [visible(name, 30) for name in columns],
            [row for row in rows if any(row[2])],
        )


def _lines(section: Section) -> Iterator[tuple[str, list[ShownResult]]]:
    """The lines of an overview of a property: its own claims together, each comparison alone."""
    own = [result for part in section.parts if not part.regression for result in part.results]
    if own:
        yield section.property, own
    for part in section.parts:
        if part.regression:
            yield part.title, list(part.results)


def _worst(results: Sequence[ShownResult], model: str, benchmarks: set[str]) -> ShownResult | None:
    order = list(SYMBOLS)
    rows = [(result, result.line.row) for result in results]
    found = [r for r, row in rows if row["model"] == model and row["benchmark"] in benchmarks]
    return max(found, key=lambda result: order.index(standing(result.line.row)), default=None)


def _verdicts(results: Sequence[ShownResult]) -> list[str]:
    """The verdicts that occur, worst first."""
    return list(dict.fromkeys(r.line.verdict for r in sorted(results, key=lambda r: _severity(r.line.row))))


def _severity(row: Row) -> tuple[bool, int]:
    return row["claim"]["kind"] == "observation", WORST_FIRST.index(standing(row))


def _value(row: Row) -> float | str:
    """The value of the quantity of a claim, to sort by."""
    found = row["estimates"].get(row["claim"]["quantity"])
    return "" if found is None or found["value"] is None else float(found["value"])


WORDS: Final = {
    "baseline": baseline,
    "value": _value,
    "why": why,
    "failure": failure,
    "failure_reason": failure_reason,
    "here": here,
    "move": move,
    "note_of": note,
    "interval_note": interval_note,
}
"""What the template says beside what all pages say."""
