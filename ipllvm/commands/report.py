"""`ipllvm report RUN ...`: the views of reports again, from their JSON alone, without the model."""

import argparse
from pathlib import Path
from typing import Final

from ipllvm.reporting import exports, migration, runs
from ipllvm.reporting.folders import ensure_writable, inner_folder, replace_file
from ipllvm.reporting.merging import merged
from ipllvm.reporting.schema import Report
from ipllvm.reporting.text import visible
from ipllvm.reporting.views import VIEWS, ReportView

BESIDE: Final = Path()
REPORTS: Final = Path("reports")
FIGURES: Final = "figures"
WORDS: Final = "a folder of the pictures as SVG and PNG, with their numbers as CSV"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm report`."""
    parser.description = (
        "Make the views of a report again; of several reports one view with their models side by side. "
        "Without options all of them, beside the first report."
    )
    parser.add_argument(
        "reports", metavar="RUN", nargs="+", help="a run: latest, its name, its folder or report.json"
    )
    parser.add_argument("--report-dir", type=Path, default=REPORTS, help="where names are looked up")
    parser.add_argument(
        "--merge", action="store_true", help="RUN are folders of runs with --shard: make one report of them"
    )
    for name, words in (*((view.option, view.words) for view in VIEWS), (FIGURES, WORDS)):
        parser.add_argument(f"--{name}", type=Path, nargs="?", const=BESIDE, metavar="PLACE", help=words)


def main(args: argparse.Namespace) -> int:
    """Write the views and say where; raises UsageError for what is no report."""
    if args.merge:
        from ipllvm.commands import shards  # brings the table of options along

        return shards.merge(args.reports, args.report_dir)
    files = [runs.find(name, args.report_dir) for name in args.reports]
    reports = [migration.read(file) for file in files]
    names = (*(view.option for view in VIEWS), FIGURES)
    asked = {name: place for name in names if (place := getattr(args, name)) is not None}
    wanted = asked or dict.fromkeys(names, BESIDE)
    for view in VIEWS:
        if view.option in wanted:
            place = wanted[view.option]
            _say(_write(view, reports, files[0].with_name(view.file) if place == BESIDE else place))
    if FIGURES in wanted:
        place = wanted[FIGURES]
        folder = inner_folder(files[0].parent, FIGURES) if place == BESIDE else place
        exports.write(merged(reports), folder)
        _say(folder)
    return 0


def _write(view: ReportView, reports: list[Report], path: Path) -> Path:
    ensure_writable(path.absolute().parent)
    return replace_file(path.absolute().parent, path.name, view.render(reports))


def _say(path: Path) -> None:
    print(visible(str(path), 4096))
