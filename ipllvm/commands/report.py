"""`ipllvm report FILE`: the HTML and Markdown views again, from the JSON alone."""

import argparse
import json
from pathlib import Path

from ipllvm.errors import UsageError
from ipllvm.reporting import html, markdown, schema
from ipllvm.reporting.folders import ensure_writable, replace_file
from ipllvm.reporting.text import visible


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm report`."""
    parser.description = "Make the views of a report again; without options both, beside the report."
    parser.add_argument("report", type=Path, help="report.json, or the folder that holds it")
    parser.add_argument("--html", type=Path, help="where to write the page")
    parser.add_argument("--md", type=Path, help="where to write the Markdown")


def main(args: argparse.Namespace) -> int:
    """Write the views and say where; raises UsageError for what is no report."""
    file = args.report / "report.json" if args.report.is_dir() else args.report
    report = read(file)
    beside = not (args.html or args.md)
    wanted = {
        html.render: args.html or (file.with_name("report.html") if beside else None),
        markdown.render: args.md or (file.with_name("report.md") if beside else None),
    }
    for render, path in wanted.items():
        if path is not None:
            ensure_writable(path.absolute().parent)
            replace_file(path.absolute().parent, path.name, render(report))
            print(visible(str(path), 4096))
    return 0


def read(file: Path) -> schema.Report:
    """A report that is one; raises UsageError in one line."""
    try:
        found: schema.Report = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file}: can't read the report: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{file}: not JSON: {visible(str(error))}") from error
    schema.validate(found)
    return found
