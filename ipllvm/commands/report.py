"""`ipllvm report RUN ...`: the views of reports again, from their JSON alone, without the model."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ipllvm.errors import UsageError
from ipllvm.reporting import exports, manifest, migration, model_card, runs, trackers
from ipllvm.reporting.folders import ensure_writable, inner_folder, replace_file
from ipllvm.reporting.merging import merged
from ipllvm.reporting.schema import SCHEMA, Report
from ipllvm.reporting.text import visible
from ipllvm.reporting.trackers import TRACKERS
from ipllvm.reporting.views import VIEWS, ReportView

BESIDE: Final = Path()
REPORTS: Final = Path("reports")
FIGURES: Final = "figures"
FOLDERS: Final = {FIGURES: exports.write, model_card.FOLDER: model_card.write}
"""What is a folder of files, by the option that asks for it."""
PLACES: Final = {
    **{view.option: view.words for view in VIEWS},
    FIGURES: "a folder of the pictures as SVG and PNG, with their numbers as CSV",
    model_card.FOLDER: "a folder with a section for the model card on the hub, and .eval_results",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm report`."""
    parser.description = (
        "Render a report again; several reports become one, with their models side by side. "
        "Without options all formats are written, beside the first report."
    )
    parser.add_argument(
        "reports", metavar="RUN", nargs="*", help="a run: latest, its name, its folder or report.json"
    )
    parser.add_argument("--report-dir", type=Path, default=REPORTS, help="where names of runs are looked up")
    parser.add_argument(
        "--merge", action="store_true", help="RUN are the folders of --shard runs: make one report of them"
    )
    for name, words in PLACES.items():
        parser.add_argument(f"--{name}", type=Path, nargs="?", const=BESIDE, metavar="PLACE", help=words)
    parser.add_argument(
        "--log",
        action="append",
        default=[],
        choices=TRACKERS,
        help="send the numbers to a tracker; repeatable",
    )
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of report.json, and end")


def main(args: argparse.Namespace) -> int:
    """Write the views and say where; raises UsageError for what is no report."""
    if args.schema:
        print(json.dumps(SCHEMA, indent=1))
        return 0
    if not args.reports:
        raise UsageError("name a run: ipllvm report latest (ipllvm runs lists them)")
    if args.merge:
        from ipllvm.commands import shards  # brings the table of options along

        return shards.merge(args.reports, args.report_dir)
    files = [runs.find(name, args.report_dir) for name in args.reports]
    for name, file in zip(args.reports, files, strict=True):
        if sum(file.samefile(other) for other in files) > 1:
            raise UsageError(f"{visible(name)}: the run is named twice: name each once")
    reports = [migration.read(file) for file in files]
    given = {name: getattr(args, name.replace("-", "_")) for name in PLACES}
    asked = {name: place for name, place in given.items() if place is not None}
    every = {} if args.log else dict.fromkeys([*(view.option for view in VIEWS), FIGURES], BESIDE)
    for place in asked.values():
        if place != BESIDE:
            for file in files:
                manifest.require_outside(file.parent, place)
    _views(asked or every, reports, manifest.beside(files[0].parent))
    for report, file in zip(reports, files, strict=True):
        if args.log and not report["models"]:
            raise UsageError(f"--log: {visible(str(file), 4096)} has no model: nothing was measured")
        for run in trackers.tracked(report, file.parent) if args.log else ():
            for tracker in args.log:
                print(visible(trackers.log(tracker, run), 4096))
    return 0


def _views(wanted: Mapping[str, Path], reports: list[Report], usual: Path) -> None:
    """Write what is wanted, into the usual folder unless another place is given."""
    for view in VIEWS:
        if view.option in wanted:
            place = wanted[view.option]
            _say(_write(view, reports, usual / view.file if place == BESIDE else place))
    for name, write in FOLDERS.items():
        if name in wanted:
            place = wanted[name]
            folder = inner_folder(usual, name) if place == BESIDE else place
            ensure_writable(folder)
            write(merged(reports), folder)
            _say(folder)


def _write(view: ReportView, reports: list[Report], path: Path) -> Path:
    ensure_writable(path.parent)
    return replace_file(path.parent, path.name, view.render(reports))


def _say(path: Path) -> None:
    print(visible(str(path), 4096))
