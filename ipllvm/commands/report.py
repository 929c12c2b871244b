"""`ipllvm report FILE`: the HTML, Markdown and JUnit views again, from the JSON alone."""

import argparse
from pathlib import Path

from ipllvm.reporting import html, junit, markdown, migration
from ipllvm.reporting.folders import ensure_writable, replace_file
from ipllvm.reporting.text import visible


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm report`."""
    parser.description = "Make the views of a report again; without options all, beside the report."
    parser.add_argument("report", type=Path, help="report.json, or the folder that holds it")
    parser.add_argument("--html", type=Path, help="where to write the page")
    parser.add_argument("--md", type=Path, help="where to write the Markdown")
    parser.add_argument("--junit", type=Path, help="where to write the JUnit document")


def main(args: argparse.Namespace) -> int:
    """Write the views and say where; raises UsageError for what is no report."""
    file = args.report / "report.json" if args.report.is_dir() else args.report
    report = migration.read(file)
    beside = not (args.html or args.md or args.junit)
    wanted = {
        html.render: args.html or (file.with_name("report.html") if beside else None),
        markdown.render: args.md or (file.with_name("report.md") if beside else None),
        junit.render: args.junit or (file.with_name("junit.xml") if beside else None),
    }
    for render, path in wanted.items():
        if path is not None:
            ensure_writable(path.absolute().parent)
            replace_file(path.absolute().parent, path.name, render(report))
            print(visible(str(path), 4096))
    return 0
