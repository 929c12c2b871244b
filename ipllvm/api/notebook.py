"""A report in a notebook's cell: the answer and one row a result, coloured by verdict; no script."""

from html import escape
from typing import TYPE_CHECKING, Final

from ipllvm.reporting.text import interval, number, visible
from ipllvm.reporting.wording import interval_note

if TYPE_CHECKING:
    from ipllvm.api.report import Report
    from ipllvm.records import Result

COLOURS: Final = {"HOLDS": "#1a7f37", "VIOLATED": "#b42318", "WORSE": "#b54708", "UNDECIDED": "#6b7280"}


def table(report: "Report") -> str:
    """The report as HTML that a notebook shows."""
    models = ", ".join(visible(str(each["name"])) for each in report.data["models"])
    names = ("property", "benchmark", "quantity", "points", interval_note(report.data["results"]))
    heads = (*names, "margin", "n", "verdict")
    head = "".join(f"<th style='text-align:left'>{_text(name)}</th>" for name in heads)
    rows = "".join(_row(each, str(report.standing(each))) for each in report)
    lost = "".join(
        f"<li>{_text(each.property)} on {_text(each.benchmark)}: not measured, {_text(each.reason)}</li>"
        for each in report.missing
    )
    place = f"<p><small>{_text(str(report.folder / 'report.html'))}</small></p>" if report.folder else ""
    return (
        f"<div><p><b>{escape(models)}: {escape(report.answer)}</b></p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"{f'<ul>{lost}</ul>' if lost else ''}{place}</div>"
    )


def _row(result: "Result", standing: str) -> str:
    target = result.estimates.get(result.claim.quantity)
    sign = "≤" if result.claim.direction == "at_most" else "≥"
    cells = [
        result.property,
        result.benchmark.name,
        result.claim.quantity,
        number(target.value if target else None),
        interval(target.low, target.high) if target else "",
        f"{sign} {result.claim.margin:g}",
        f"{target.n if target else 0:,}",
    ]
    words = f"<td style='color:{COLOURS.get(standing, '#6b7280')}'><b>{escape(standing)}</b></td>"
    return f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in cells)}{words}</tr>"


def _text(text: str) -> str:
    return escape(visible(text, 400))
