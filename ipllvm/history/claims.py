"""Every claim and every clean score over checkpoints, from what their reports and baselines say."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Final

from ipllvm.history.checkpoints import CheckpointRun
from ipllvm.records import COMPARISON, ClaimKey
from ipllvm.reporting.lines import row_title
from ipllvm.reporting.quantities import meaning
from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.text import visible
from ipllvm.reporting.tracks import Track, TrackPoint
from ipllvm.reporting.wording import standing
from ipllvm.verdicts.failing import NOT_MEASURED

if TYPE_CHECKING:
    from ipllvm.gate.baseline import Baseline, BaselineEntry

CLEAN: Final = "clean_score"


def tracks(found: Sequence[CheckpointRun]) -> Iterator[Track]:
    """Every claim and every clean score that a checkpoint has, over all of them.

    Properties ask different parts of a benchmark: its clean score is that of the part with most samples.
    """
    points: dict[ClaimKey, dict[str, TrackPoint]] = {}
    about: dict[ClaimKey, Track] = {}
    for each in found:
        label = each.label
        for track in _of_report(each.report, label) if each.report else _of_baseline(each.baseline, label):
            about.setdefault(track.key(), track)
            points.setdefault(track.key(), {}).setdefault(each.label, track.points[0])
    for key, track in about.items():
        yield replace(track, points=tuple(points[key].values()))


def _of_report(report: Report, label: str) -> Iterator[Track]:
    names = {each["id"]: _short(each["name"], 60) for each in report["benchmarks"]}
    scored = [row for row in reversed(report["results"]) if _is_scored(row)]
    scored.sort(key=lambda row: row["estimates"]["clean"]["n"])
    most = {row["benchmark"]: row["test"] for row in scored}
    for row in report["results"]:
        claim, benchmark = row["claim"], names[row["benchmark"]]
        clean, target = row["estimates"].get("clean"), row["estimates"].get(claim["quantity"])
        if clean and row["test"] == most.get(row["benchmark"]):
            yield _score(benchmark, _point(label, clean, ""))
        lost = claim["name"].startswith(COMPARISON) or standing(row) == NOT_MEASURED
        if target and target["value"] is not None and not lost:
            point = _point(label, target, standing(row))
            yield _claim_track(row["property"], claim, benchmark, target["unit"], point)


def _is_scored(row: Row) -> bool:
    clean = row["estimates"].get("clean")
    return clean is not None and clean["value"] is not None


def _of_baseline(baseline: "Baseline | None", label: str) -> Iterator[Track]:
    """What a baseline says by itself, each claim as its run said; a ratio takes more than it keeps."""
    from ipllvm.verdicts import decide

    for (name, claim_name, benchmark), entry in (baseline.entries if baseline else {}).items():
        if baseline and claim_name == CLEAN and entry is not widest(baseline, benchmark):
            continue
        if entry.is_ratio or not entry.values or entry.verdict == NOT_MEASURED:
            continue
        estimate = decide.estimate(entry.contrast, claim=entry.claim)
        if estimate.value is None:
            continue
        found = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
        if claim_name == CLEAN:
            yield _score(benchmark, _point(label, found, ""))
            continue
        point = _point(label, found, entry.verdict)
        yield _claim_track(name, asdict(entry.claim), benchmark, "points", point)


def widest(baseline: "Baseline", benchmark: str) -> "BaselineEntry | None":
    """The clean score on a benchmark that is of most samples."""
    found = [each for each in baseline.entries.values() if each.key[1:] == (CLEAN, benchmark)]
    return max(found, key=lambda each: len(each.values), default=None)


def _point(label: str, found: Row, word: str) -> TrackPoint:
    return TrackPoint(label, found["value"], found["low"], found["high"], word)


def _score(benchmark: str, point: TrackPoint) -> Track:
    return Track(
        CLEAN, CLEAN, "clean score", benchmark, "score", "points", "observation", None, "at_least", (point,)
    )


def _claim_track(name: str, claim: Row, benchmark: str, unit: str, point: TrackPoint) -> Track:
    return Track(
        name,
        claim["name"],
        row_title(name, claim),
        benchmark,
        meaning(claim).what,
        visible(unit, 20),
        claim["kind"],
        claim["margin"],
        claim["direction"],
        (point,),
    )


def _short(value: object, limit: int) -> str:
    return visible(str(value), limit)
