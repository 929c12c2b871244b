"""A report as one HTML page that opens from disk: no network, no script, light and dark, for print too."""

from functools import cache
from typing import Any

from ipllvm.reporting import plots
from ipllvm.reporting.schema import Report
from ipllvm.reporting.text import interval, number, visible
from ipllvm.reporting.view import INTERVAL_NOTE, Line, failure, failure_reason, headline, lines

LONG = 2_000


def render(report: Report) -> str:
    """The page of `report`; every text from a model or a file is escaped."""
    answer, rest = headline(report)
    found = lines(report)
    return str(
        _template().render(
            report=report,
            answer=answer,
            rest=rest,
            lines=found,
            sections=[_section(line) for line in found],
            note=INTERVAL_NOTE,
            failure=failure,
            failure_reason=failure_reason,
        )
    )


def _section(line: Line) -> dict[str, Any]:
    """What the template shows of one result."""
    row, claim = line.row, line.row["claim"]
    maps = [(s, plots.cells(s)) for s in row["series"] if len(s["axes"]) == 2]
    target = row["estimates"].get(claim["quantity"])
    return {
        "line": line,
        "row": row,
        "claim": claim,
        "forest": plots.forest(target, claim["margin"]) if target else None,
        "maps": [(series, cells, plots.side(cells)) for series, cells in maps if cells],
        "curves": [(s, c) for s in row["series"] if len(s["axes"]) == 1 and (c := plots.curve(s))],
    }


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
    environment.filters["number"] = lambda value, unit: number(value, unit)
    environment.globals["interval"] = interval
    environment.globals["plots"] = plots
    return environment.get_template("report.html")
