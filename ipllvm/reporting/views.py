"""The table of views: what is written beside report.json, and made again by `ipllvm report`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ipllvm.reporting import html, junit, markdown
from ipllvm.reporting.merging import merged
from ipllvm.reporting.schema import Report


@dataclass(frozen=True, slots=True)
class ReportView:
    """One view: the option that asks for it, its file, what its help says, its text of several reports."""

    option: str
    file: str
    words: str
    render: Callable[[Sequence[Report]], str]


VIEWS: Final = (
    ReportView("md", "report.md", "the Markdown", lambda reports: markdown.render(merged(reports))),
    ReportView("html", "report.html", "the page", lambda reports: html.render(*reports)),
    ReportView("junit", "junit.xml", "the JUnit document", lambda reports: junit.render(merged(reports))),
)
