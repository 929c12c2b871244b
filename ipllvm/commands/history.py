"""`ipllvm history RUN RUN ...`: each claim from checkpoint to checkpoint, as one page; without a model."""

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ipllvm.errors import UsageError
from ipllvm.history.changes import marked, not_compared
from ipllvm.history.checkpoints import ORDERS, CheckpointRun, checkpoints, ordered, require_different
from ipllvm.history.claims import tracks as tracks_of
from ipllvm.reporting import history_page
from ipllvm.reporting.folders import ensure_writable, replace_file
from ipllvm.reporting.history_page import ShownRun
from ipllvm.reporting.text import address, number, visible
from ipllvm.reporting.tracks import Track, first_violated
from ipllvm.reporting.wording import count_of

_LONG: Final = 4096


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm history`."""
    parser.description = (
        "One page over the runs of several checkpoints: every claim with its interval, the first checkpoint "
        "that violates it, and where it changed by the paired test. Exit status 1 if the last checkpoint "
        "violates a requirement."
    )
    parser.add_argument(
        "runs", metavar="RUN", nargs="+", help="a run's folder, a folder of runs, or a baseline"
    )
    parser.add_argument(
        "--by",
        choices=ORDERS,
        default="auto",
        help="order of checkpoints (default: by step if all names end in one, else by time)",
    )
    parser.add_argument(
        "--report-dir", type=Path, default=Path("reports"), help="where names of runs are looked up"
    )
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="the page (default: history.html in --report-dir)"
    )


def main(args: argparse.Namespace) -> int:
    """Write the page and say what it says; 1 where the last checkpoint violates a requirement, or does not
    measure one that was violated.
    """
    found = ordered([each for name in args.runs for each in checkpoints(name, args.report_dir)], args.by)
    if len(found) < 2:
        raise UsageError(
            f"history: {count_of(len(found), 'run')} found: give at least two, or a folder of runs"
        )
    require_different(found)
    tracks = marked(list(tracks_of(found)), found)
    page = (args.html or args.report_dir / "history.html").absolute()
    runs = [ShownRun(each.label, each.model, each.when, _link(each.page, page)) for each in found]
    alone = [each.label for each in found if each.baseline is None]
    notes = [f"{label} has no answers by sample: not compared." for label in alone]
    notes += not_compared(tracks, found)
    ensure_writable(page.parent, "--html" if args.html else "--report-dir")
    replace_file(page.parent, page.name, history_page.render(runs, tracks, notes))
    for line in (*_lines(tracks, found), *notes):
        print(visible(line, _LONG))
    print(visible(str(page), _LONG))
    ends = (track.points[-1] for track in tracks if track.kind == "requirement")
    return int(any(end.standing == "VIOLATED" for end in ends))


def _link(page: Path | None, beside: Path) -> str:
    """The way from the page of the history to that of a run."""
    return "" if page is None else address(Path(os.path.relpath(page.absolute(), beside.parent)).as_posix())


def _lines(tracks: Sequence[Track], found: Sequence[CheckpointRun]) -> Iterator[str]:
    runs = [ShownRun(each.label, each.model, each.when) for each in found]
    yield history_page.answer(runs, tracks)
    for track in tracks:
        first, last, bad = track.points[0], track.points[-1], first_violated(track)
        moved = f"{number(first.value, track.unit)} -> {number(last.value, track.unit)}"
        moved = moved if len(track.points) > 1 else f"{number(first.value, track.unit)} at {first.at}"
        moved += f"; not measured at {found[-1].label}" * (last.at != found[-1].label)
        violated = f"; first violated at {bad.at}" if bad else ""
        changes = "".join(f"; {point.changed} at {point.at}" for point in track.points if point.changed)
        yield f"  {track.title}, {track.benchmark}: {moved}{violated}{changes}"
