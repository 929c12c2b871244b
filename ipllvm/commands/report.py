"""`ipllvm report REPORT ...`: the views of reports again, from their JSON alone, without the model."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ipllvm.reporting import exports, html, junit, markdown, migration
from ipllvm.reporting.folders import ensure_writable, inner_folder, replace_file
from ipllvm.reporting.merging import merged
from ipllvm.reporting.schema import Report
from ipllvm.reporting.text import visible

BESIDE: Final = Path()
FILES: Final = {"html": "report.html", "md": "report.md", "junit": "junit.xml", "figures": "figures"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm report`."""
    parser.description = (
        "Make the views of a report again; of several reports one view with their models side by side. "
        "Without options all of them, beside the first report."
    )
    parser.add_argument("reports", metavar="REPORT", nargs="+", type=Path, help="report.json, or its folder")
    for name, words in (
        ("html", "the page"),
        ("md", "the Markdown"),
        ("junit", "the JUnit document"),
        ("figures", "a folder of the pictures as SVG and PNG, with their numbers as CSV"),
    ):
        parser.add_argument(f"--{name}", type=Path, nargs="?", const=BESIDE, metavar="PLACE", help=words)


def main(args: argparse.Namespace) -> int:
    """Write the views and say where; raises UsageError for what is no report."""
    files = [path / "report.json" if path.is_dir() else path for path in args.reports]
    reports = [migration.read(file) for file in files]
    wanted = {name: place for name in FILES if (place := getattr(args, name)) is not None}
    for name, place in (wanted or dict.fromkeys(FILES, BESIDE)).items():
        beside = inner_folder(files[0].parent, "figures") if name == "figures" and place == BESIDE else None
        path = beside or (files[0].with_name(FILES[name]) if place == BESIDE else place)
        print(visible(str(_write(name, reports, path)), 4096))
    return 0


def _write(name: str, reports: list[Report], path: Path) -> Path:
    if name == "figures":
        exports.write(merged(reports), path)
        return path
    render: dict[str, Callable[[], str]] = {
        "html": lambda: html.render(*reports),
        "md": lambda: markdown.render(merged(reports)),
        "junit": lambda: junit.render(merged(reports)),
    }
    ensure_writable(path.absolute().parent)
    return replace_file(path.absolute().parent, path.name, render[name]())
