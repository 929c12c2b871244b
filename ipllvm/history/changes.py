"""Where a claim changed from one checkpoint to the next, by the paired test of a gate, both ways."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from ipllvm.history.checkpoints import CheckpointRun
from ipllvm.history.claims import CLEAN, widest
from ipllvm.reporting.tracks import Track

if TYPE_CHECKING:
    from ipllvm.gate.baseline import Baseline, BaselineEntry

ALPHA: Final = 0.05


def marked(tracks: Sequence[Track], found: Sequence[CheckpointRun]) -> list[Track]:
    """The tracks with what changed between neighbours, at one level for all of them (Holm)."""
    from ipllvm.stats.multiplicity import holm

    steps = [(track, one, two) for track in tracks for one, two in _neighbours(track, found)]
    tried = [(track, two.label, change) for track, one, two in steps if (change := _change(track, one, two))]
    adjusted = holm([p for _, _, (p, _) in tried])
    turned = {
        (track.key(), at): word
        for (track, at, (_, word)), p in zip(tried, adjusted, strict=True)
        if p <= ALPHA
    }
    return [
        replace(
            track, points=tuple(replace(p, changed=turned.get((track.key(), p.at), "")) for p in track.points)
        )
        for track in tracks
    ]


def not_compared(tracks: Sequence[Track], found: Sequence[CheckpointRun]) -> list[str]:
    """Which neighbours have answers of which none can be paired, each once, with the first reason."""
    from ipllvm.gate import agreement

    reasons: dict[tuple[str, str], str] = {}
    for track in tracks:
        for one, two in _neighbours(track, found):
            before, after = (_entry(each.baseline, track) for each in (one, two))
            if before is not None and after is not None:
                for reason in agreement.disagreements(before, after):
                    reasons.setdefault(
                        (one.label, two.label),
                        reason.replace("in this run", "in the second").replace("the baseline", "the first"),
                    )
    return [f"{one} and {two} are not compared: {why}." for (one, two), why in reasons.items()]


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
    """What a checkpoint keeps by sample of a track; of the clean score what is of most samples."""
    if baseline is None:
        return None
    if track.property == CLEAN:
        return widest(baseline, track.benchmark)
    return baseline.entries.get(track.key())
