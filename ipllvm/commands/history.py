"""`ipllvm history RUN RUN ...`: each claim from checkpoint to checkpoint, as one page; without a model."""

import argparse
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ipllvm.errors import UsageError
from ipllvm.reporting import history_page, migration
from ipllvm.reporting import runs as run_names
from ipllvm.reporting.folders import ensure_writable, replace_file
from ipllvm.reporting.history_page import ShownRun
from ipllvm.reporting.quantities import meaning
from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.text import number, visible
from ipllvm.reporting.tracks import Track, TrackPoint, first_violated
from ipllvm.reporting.view import COMPARISON, NOT_MEASURED, count_of, standing

if TYPE_CHECKING:
    from ipllvm.gate.baseline import Baseline, BaselineEntry

ALPHA: Final = 0.05
CLEAN: Final = "clean_score"
ORDERS: Final = ("auto", "time", "step", "given")
_LONG: Final = 4096
Key = tuple[str, str, str]
"""Property, claim, benchmark."""


@dataclass(frozen=True, slots=True)
class CheckpointRun:
    """A run: its label, its model, when it was measured, its report and what it has by sample, as far as it
    has them.
    """

    label: str
    model: str
    when: str
    report: Report | None
    baseline: "Baseline | None"
    page: Path | None


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm history`."""
    parser.description = (
        "One page over the runs of several checkpoints: every claim with its interval, the first checkpoint "
        "that violates it, and where it changed by the paired test. Exit status 1 where the last checkpoint "
        "violates a requirement."
    )
    parser.add_argument(
        "runs", metavar="RUN", nargs="+", help="a run's folder, a folder of runs, or a baseline"
    )
    parser.add_argument(
        "--by",
        choices=ORDERS,
        default="auto",
        help="order of checkpoints (default: by step where all names end in one, else by time)",
    )
    parser.add_argument("--report-dir", type=Path, default=Path("reports"), help="where names are looked up")
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="the page (default: history.html in --report-dir)"
    )


def main(args: argparse.Namespace) -> int:
    """Write the page and say what it says; 1 where the last checkpoint violates a requirement."""
    found = ordered([each for name in args.runs for each in checkpoints(name, args.report_dir)], args.by)
    if len(found) < 2:
        raise UsageError(
            f"history: {count_of(len(found), 'run')} found: give at least two, or a folder of runs"
        )
    tracks = marked(list(_tracks(found)), found)
    page = (args.html or args.report_dir / "history.html").absolute()
    runs = [ShownRun(each.label, each.model, each.when, _link(each.page, page)) for each in found]
    alone = [each.label for each in found if each.baseline is None]
    notes = [f"{label} has no answers by sample: not compared." for label in alone]
    ensure_writable(page.parent)
    replace_file(page.parent, page.name, history_page.render(runs, tracks, notes))
    for line in _lines(tracks, found):
        print(visible(line, _LONG))
    print(visible(str(page), _LONG))
    last = found[-1].label
    ends = [track.points[-1] for track in tracks if track.kind == "requirement"]
    return int(any(end.at == last and end.standing == "VIOLATED" for end in ends))


def checkpoints(name: str, reports: Path) -> Iterator[CheckpointRun]:
    """What a folder, a folder of runs or the name of a baseline stands for; raises UsageError for none."""
    from ipllvm.gate import names, reading

    path = Path(name)
    files = [path / "report.json"] if (path / "report.json").is_file() else sorted(path.glob("*/report.json"))
    files = files or sorted(path.glob("*/*/report.json"))
    files = files or ([run_names.find(name, reports)] if name.startswith(run_names.LATEST) else [])
    if files:
        yield from (_of_run(file) for file in files)
        return
    file = names.find(name, reports, "history")
    if file is None:
        raise names.unknown(name, reports, "history")
    baseline = reading.load(file)
    about = baseline.about
    yield CheckpointRun(
        _text(file.stem, 40), _text(about.get("model", file.stem), 80), "", None, baseline, None
    )


def _of_run(file: Path) -> CheckpointRun:
    from ipllvm.gate import reading

    report = migration.read(file)
    baseline = file.with_name("baseline.json")
    model = ", ".join(_text(each["id"], 80) for each in report["models"])
    page = file.with_name("report.html")
    when = _text(report["run"]["started"][:16], 16).replace("T", " ")
    return CheckpointRun(
        model,
        model,
        when,
        report,
        reading.load(baseline) if baseline.is_file() else None,
        page if page.is_file() else None,
    )


def _text(value: object, limit: int) -> str:
    return visible(str(value), limit)


def ordered(found: Sequence[CheckpointRun], by: str) -> list[CheckpointRun]:
    """The checkpoints in their order, each under its own label; raises UsageError for steps there are not."""
    steps = [re.search(r"(\d+)\D*$", each.model) for each in found]
    different = len({step[1] for step in steps if step}) == len(found)
    if by == "step" and not different:
        raise UsageError("--by=step: the names of the models do not end in a step of their own: --by=time")
    built = list(found)
    if by == "step" or (by == "auto" and different):
        built = [
            each
            for _, each in sorted(
                zip(steps, found, strict=True), key=lambda pair: int((pair[0] or ["", "0"])[1])
            )
        ]
    elif by in ("time", "auto"):
        built = sorted(found, key=lambda each: each.when)
    taken: dict[str, int] = {}
    for place, each in enumerate(built):
        taken[each.label] = taken.get(each.label, 0) + 1
        if taken[each.label] > 1:
            built[place] = replace(each, label=f"{each.label} ({taken[each.label]})")
    return built


def _tracks(found: Sequence[CheckpointRun]) -> Iterator[Track]:
    """Every claim and every clean score that a checkpoint has, over all of them."""
    points: dict[Key, dict[str, TrackPoint]] = {}
    about: dict[Key, Track] = {}
    for each in found:
        label = each.label
        pairs = _of_report(each.report, label) if each.report else _of_baseline(each.baseline, label)
        for key, track in pairs:
            about.setdefault(key, track)
            points.setdefault(key, {}).setdefault(each.label, track.points[0])
    for key, track in about.items():
        yield replace(track, points=tuple(points[key].values()))


def _of_report(report: Report, label: str) -> Iterator[tuple[Key, Track]]:
    names = {each["id"]: _text(each["name"], 60) for each in report["benchmarks"]}
    for row in report["results"]:
        claim, benchmark = row["claim"], names[row["benchmark"]]
        clean, target = row["estimates"].get("clean"), row["estimates"].get(claim["quantity"])
        if clean and clean["value"] is not None:
            yield (CLEAN, CLEAN, benchmark), _score(benchmark, _point(label, clean, ""))
        lost = claim["name"].startswith(COMPARISON) or standing(row) == NOT_MEASURED
        if target and target["value"] is not None and not lost:
            key = (row["property"], claim["name"], benchmark)
            yield (
                key,
                _claim_track(
                    row["property"], claim, benchmark, target["unit"], _point(label, target, standing(row))
                ),
            )


def _of_baseline(baseline: "Baseline | None", label: str) -> Iterator[tuple[Key, Track]]:
    """What a baseline says by itself; a ratio's verdict takes more than it keeps, and is left out."""
    from dataclasses import asdict

    from ipllvm.verdicts import decide

    for (name, claim_name, benchmark), entry in (baseline.entries if baseline else {}).items():
        if entry.is_ratio or not entry.values:
            continue
        estimate = decide.estimate(entry.contrast, claim=entry.claim)
        if estimate.value is None:
            continue
        found = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
        if claim_name == CLEAN:
            yield (CLEAN, CLEAN, benchmark), _score(benchmark, _point(label, found, ""))
            continue
        word = str(decide.decide(entry.contrast, entry.claim).decision)
        point = _point(label, found, word)
        yield (
            (name, claim_name, benchmark),
            _claim_track(name, asdict(entry.claim), benchmark, "points", point),
        )


def _point(label: str, found: Row, word: str) -> TrackPoint:
    return TrackPoint(label, found["value"], found["low"], found["high"], word)


def _score(benchmark: str, point: TrackPoint) -> Track:
    return Track(
        CLEAN, CLEAN, "clean score", benchmark, "score", "points", "observation", None, "at_least", (point,)
    )


def _claim_track(name: str, claim: Row, benchmark: str, unit: str, point: TrackPoint) -> Track:
    title = _text(name, 60).replace("_", " ")
    if claim["name"] not in (name, name.removesuffix("_invariance")):
        title = f"{title}: {_text(claim['name'], 60).replace('_', ' ')}"
    return Track(
        name,
        claim["name"],
        title,
        benchmark,
        meaning(claim).what,
        visible(unit, 20),
        claim["kind"],
        claim["margin"],
        claim["direction"],
        (point,),
    )


def marked(tracks: Sequence[Track], found: Sequence[CheckpointRun]) -> list[Track]:
    """The tracks with what changed between neighbours, at one level for all of them (Holm)."""
    from ipllvm.stats.multiplicity import holm

    steps = [(track, one, two) for track in tracks for one, two in _neighbours(track, found)]
    tried = [(track, two.label, change) for track, one, two in steps if (change := _change(track, one, two))]
    adjusted = holm([p for _, _, (p, _) in tried])
    turned = {
        (id(track), at): word for (track, at, (_, word)), p in zip(tried, adjusted, strict=True) if p <= ALPHA
    }
    return [
        replace(
            track, points=tuple(replace(p, changed=turned.get((id(track), p.at), "")) for p in track.points)
        )
        for track in tracks
    ]


def _neighbours(
    track: Track, found: Sequence[CheckpointRun]
) -> Iterator[tuple[CheckpointRun, CheckpointRun]]:
    by_label = {each.label: each for each in found}
    there = [by_label[point.at] for point in track.points]
    yield from pairwise(there)


def _change(track: Track, one: CheckpointRun, two: CheckpointRun) -> tuple[float, str] | None:
    """The two-sided p-value of "nothing changed" and the direction; None where there is nothing to pair."""
    from ipllvm.gate import agreement, compare

    before, after = (_entry(each.baseline, track) for each in (one, two))
    if before is None or after is None or any(agreement.disagreements(before, after)):
        return None
    worse = compare.change(before, after, one.label).verdict.p_worse
    better = compare.change(after, before, two.label).verdict.p_worse
    if worse is None or better is None:
        return None
    return min(1.0, 2 * min(worse, better)), "worse" if worse < better else "better"


def _entry(baseline: "Baseline | None", track: Track) -> "BaselineEntry | None":
    """What a checkpoint keeps by sample of a track; of the clean score that of any property."""
    if baseline is None:
        return None
    for (name, claim, benchmark), entry in baseline.entries.items():
        own = claim == CLEAN if track.property == CLEAN else name == track.property and claim == track.claim
        if own and benchmark == track.benchmark:
            return entry
    return None


def _link(page: Path | None, beside: Path) -> str:
    """The way from the page of the history to that of a run."""
    return "" if page is None else Path(os.path.relpath(page.absolute(), beside.parent)).as_posix()


def _lines(tracks: Sequence[Track], found: Sequence[CheckpointRun]) -> Iterator[str]:
    runs = [ShownRun(each.label, each.model, each.when) for each in found]
    order = [run.label for run in runs]
    yield history_page.answer(runs, history_page.first_violations(tracks, order))
    for track in tracks:
        first, last, bad = track.points[0], track.points[-1], first_violated(track)
        moved = f"{number(first.value, track.unit)} -> {number(last.value, track.unit)}"
        violated = f"; first violated at {bad.at}" if bad else ""
        changes = "".join(f"; {point.changed} at {point.at}" for point in track.points if point.changed)
        yield f"  {track.title}, {track.benchmark}: {moved}{violated}{changes}"
