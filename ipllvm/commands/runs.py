"""`ipllvm runs`: the runs and baselines in a folder of reports, by the names that other commands take."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from ipllvm.commands.listing import Row, show
from ipllvm.errors import UsageError

SHOWN = 20


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm runs`."""
    parser.description = (
        "List the runs, newest first. report, replay, compare and gate accept these names, and latest, "
        "latest~1."
    )
    parser.add_argument(
        "--report-dir", type=Path, default=Path("reports"), metavar="DIR", help="folder of the runs"
    )
    parser.add_argument("--all", action="store_true", help=f"not only the latest {SHOWN}")


def main(args: argparse.Namespace) -> int:
    """Print one line a run, then one a baseline; raises UsageError for a folder that is none."""
    from ipllvm.gate.names import saved
    from ipllvm.reporting.runs import runs

    if not args.report_dir.is_dir():
        raise UsageError(f"{args.report_dir}: no such folder: measure something first, or give --report-dir")
    there = runs(args.report_dir)[::-1]
    listed = there if args.all else there[:SHOWN]
    show([*map(_run, listed), *_baselines(args.report_dir, sorted(saved(args.report_dir)))])
    if len(listed) < len(there):
        print(f"and {len(there) - len(listed)} earlier ones: --all")
    if not there:
        print("no run yet")
    return 0


def _run(folder: Path) -> Row:
    from ipllvm.reporting.runs import FILE, outline

    found = outline(folder / FILE)
    about = f"{found.models} on {found.benchmarks}: " if found.models else ""
    return folder.name, found.answer, f"{about}{found.properties}"


def _baselines(reports: Path, names: list[str]) -> Iterator[Row]:
    from ipllvm.gate.names import place

    for name in names:
        yield name, "baseline", str(place(reports, name))
