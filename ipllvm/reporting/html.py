"""A report as one HTML page that opens from disk: no network, light and dark, for print and phone too.

Every text from a model or a file is escaped (Jinja2 with autoescape), and a content security policy lets the
page run its own script alone and load nothing. Without the script all is there but sorting and filtering.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

from ipllvm.reporting import examples, inlining
from ipllvm.reporting.merging import merged
from ipllvm.reporting.reading import release
from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.sections import Section, ShownResult, alike, sections
from ipllvm.reporting.tables import table
from ipllvm.reporting.text import interval, number, visible
from ipllvm.reporting.view import (
    NOT_MEASURED,
    WORST_FIRST,
    count_of,
    failure,
    failure_reason,
    headline,
    interval_note,
    standing,
    stated,
)

LONG: Final = 2_000
SYMBOLS: Final = {"HOLDS": "●", "UNDECIDED": "◆", "WORSE": "▼", NOT_MEASURED: "!", "VIOLATED": "✖"}
"""From the best to the worst."""


def render(*reports: Report) -> str:
    """The page of one report, or of several side by side."""
    report = merged(reports)
    found = sections(report)
    results = [result for section in found for part in section.parts for result in part.results]
    pictures = [it for section in found for part in section.parts for it in part.pictures]
    pictures += [it for section in found for it in section.pictures]
    drawings, marks, rules = inlining.shared({it.name: inlining.inline(it.draw, it.name) for it in pictures})
    answer, rest = headline(report)
    colour, word = release(report)
    return str(
        _template().render(
            report=report,
            runs=[each["run"] for each in reports],
            answer=answer,
            rest=rest,
            colour=colour,
            word=word,
            tiles=list(_tiles(report)),
            violated=_required(results, "VIOLATED") + _required(results, "WORSE"),
            undecided=_required(results, NOT_MEASURED) + _required(results, "UNDECIDED"),
            skipped=list(_skipped(report)),
            stated=stated(report),
            sections=found,
            overview=list(_overview(report, found)),
            several=len(report["models"]) > 1,
            verdicts=list(dict.fromkeys(result.line.verdict for result in results)),
            order={verdict: place for place, verdict in enumerate(_verdicts(results))},
            common=alike(report["results"]),
            drawings=drawings,
            marks=marks,
            rules=rules,
        )
    )


def _tiles(report: Report) -> Iterator[tuple[str, int, str]]:
    """Name, count and colour of what is counted on the first screen."""
    found = Counter((row["claim"]["kind"], standing(row)) for row in report["results"])
    lost = sum(count for (_, name), count in found.items() if name == NOT_MEASURED)
    told = (
        ("requirements violated", found["requirement", "VIOLATED"], "bad"),
        ("worse than the baseline", found["requirement", "WORSE"], "bad"),
        ("requirements undecided", found["requirement", "UNDECIDED"], "open"),
        ("requirements hold", found["requirement", "HOLDS"], "good"),
        ("could not be measured", lost + len(report["not_measured"]), "bad"),
        ("laws broken, tests failed", len(report["failed"]), "bad"),
        ("laws hold", len(report["passed_laws"]), "good"),
        ("findings as in the paper", found["observation", "HOLDS"], ""),
        ("findings not as in the paper", found["observation", "VIOLATED"], ""),
        ("findings undecided", found["observation", "UNDECIDED"], ""),
    )
    always = ("requirements violated", "requirements undecided", "requirements hold")
    for name, count, role in told:
        if count or name in always:
            yield name, count, role if count else ""


def _required(results: Sequence[ShownResult], wanted: str) -> list[ShownResult]:
    rows = [(result, result.line.row) for result in results]
    return [r for r, row in rows if row["claim"]["kind"] == "requirement" and standing(row) == wanted]


def _skipped(report: Report) -> Iterator[tuple[str, str, str]]:
    """What was not tested, by property and reason: the property, where, and why."""
    places: dict[tuple[str, str], list[str]] = {}
    for row in report["not_tested"]:
        name = " of ".join(visible(row[part], 60) for part in ("benchmark", "model") if row[part])
        places.setdefault((row["property"], row["reason"]), []).append(name)
    for (name, reason), found in places.items():
        yield visible(name, 80).replace("_", " "), ", ".join(dict.fromkeys(found)), visible(reason, 1000)


def _overview(report: Report, found: Sequence[Section]) -> Iterator[tuple[str, list[str], list[Any]]]:
    """For each model its name, its benchmarks, and for each property the worst result on each of them.

    A benchmark is one column however many of its samples a property took.
    """
    for model in report["models"]:
        used = {row["benchmark"] for row in report["results"] if row["model"] == model["id"]}
        columns: dict[str, set[str]] = {}
        for data in report["benchmarks"]:
            if data["id"] in used:
                columns.setdefault(data["name"], set()).add(data["id"])
        rows = [(each, [_worst(each, model["id"], ids) for ids in columns.values()]) for each in found]
        shown = [(section, cells) for section, cells in rows if any(cells)]
        yield visible(model["id"], 60), [visible(name, 30) for name in columns], shown


def _worst(section: Section, model: str, benchmarks: set[str]) -> ShownResult | None:
    order = list(SYMBOLS)
    found = [
        result
        for part in section.parts
        for result in part.results
        if result.line.row["model"] == model and result.line.row["benchmark"] in benchmarks
    ]
    return max(found, key=lambda result: order.index(standing(result.line.row)), default=None)


def _verdicts(results: Sequence[ShownResult]) -> list[str]:
    """The verdicts that occur, worst first."""
    return list(dict.fromkeys(r.line.verdict for r in sorted(results, key=lambda r: _severity(r.line.row))))


def _severity(row: Row) -> tuple[bool, int]:
    return row["claim"]["kind"] == "observation", WORST_FIRST.index(standing(row))


def _value(row: Row, name: str = "") -> float | str:
    """A value to sort by: of an estimate, or of the claim's own."""
    found = row["estimates"].get(name or row["claim"]["quantity"])
    return "" if found is None or found["value"] is None else float(found["value"])


def _paragraphs(text: str, limit: int) -> str:
    """`text` with its line breaks, otherwise as `visible` shows it."""
    return "\n".join(visible(line, limit) for line in str(text)[:limit].splitlines())


@cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("ipllvm.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = lambda text, limit=LONG: visible(str(text), limit)
    environment.filters["paragraphs"] = _paragraphs
    environment.filters["number"] = lambda value, unit: number(value, unit)
    environment.filters["table"] = table
    style, script = (_file(name) for name in ("style.css", "report.js"))
    digest = base64.b64encode(hashlib.sha256(f"\n{script}".encode()).digest()).decode()
    environment.globals |= {
        "interval": interval,
        "standing": standing,
        "value": _value,
        "count_of": count_of,
        "failure": failure,
        "failure_reason": failure_reason,
        "flip_pictures": examples.pictures,
        "symbols": SYMBOLS,
        "interval_note": interval_note,
        "style": style,
        "script": script,
        "script_hash": f"sha256-{digest}",
    }
    return environment.get_template("report.html")


def _file(name: str) -> str:
    return files("ipllvm.reporting").joinpath("templates", name).read_text(encoding="utf-8")
