"""Checkpoints over time as one page: which claim was first violated where, and what changed between two."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from ipllvm.reporting import inlining, pages
from ipllvm.reporting.pictures import Picture, alternative, capital, slug
from ipllvm.reporting.text import interval, number
from ipllvm.reporting.tracks import Limits, Track, TrackPoint, draw, first_violated, limits
from ipllvm.reporting.wording import INTERVAL_NOTE, count_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A checkpoint as the page lists it: its label, what was measured and when, and where its page is."""

    label: str
    model: str
    when: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class TrackCard:
    """The tracks of one claim over benchmarks, with their pictures in the same order."""

    id: str
    title: str
    tracks: tuple[Track, ...]
    pictures: tuple[Picture, ...]


def render(runs: Sequence[ShownRun], tracks: Sequence[Track], notes: Sequence[str] = ()) -> str:
    """The page of tracks over runs, both in the order of the checkpoints."""
    order = [run.label for run in runs]
    cards = list(_cards(tracks, order))
    pictures = [picture for card in cards for picture in card.pictures]
    drawings, marks, rules = inlining.shared({it.name: inlining.inline(it.draw, it.name) for it in pictures})
    violated = first_violations(tracks, order)
    changed = [(track, point) for track in tracks for point in track.points if point.changed]
    return pages.template("history.html").render(
        runs=runs,
        cards=cards,
        answer=answer(runs, tracks),
        violated=violated,
        changed=sorted(changed, key=lambda pair: order.index(pair[1].at)),
        notes=notes,
        points={track.key(): {point.at: point for point in track.points} for track in tracks},
        drawings=drawings,
        marks=marks,
        rules=rules,
    )


def first_violations(tracks: Sequence[Track], order: Sequence[str]) -> list[tuple[Track, TrackPoint]]:
    """The requirements that some checkpoint violates, with the first that does, in the order of those."""
    found = [(track, point) for track in tracks if (point := first_violated(track)) is not None]
    return sorted(found, key=lambda pair: order.index(pair[1].at))


def answer(runs: Sequence[ShownRun], tracks: Sequence[Track]) -> str:
    """The page in a sentence: the first that violates a requirement, else what the last leaves open."""
    what = count_of(len(runs), "checkpoint")
    violated = first_violations(tracks, [run.label for run in runs])
    if not violated:
        last = runs[-1].label if runs else ""
        points = [point for track in tracks if track.kind == "requirement" for point in track.points]
        undecided = sum(point.standing == "UNDECIDED" and point.at == last for point in points)
        unknown = sum(not point.standing for point in points)
        left = f"; {undecided} undecided at {last}" if undecided else ""
        left += f"; {unknown} in older baselines, which kept no verdict" if unknown else ""
        return f"{what}, no requirement violated{left}"
    first, point = violated[0]
    return f"{what}; first violated at {point.at}: {first.title} on {first.benchmark}"


def _cards(tracks: Sequence[Track], order: Sequence[str]) -> Iterator[TrackCard]:
    ordered = sorted(tracks, key=lambda track: (track.property, track.title))
    for place, (_, group) in enumerate(groupby(ordered, key=lambda track: (track.property, track.title))):
        found = tuple(group)
        ends = limits(found)
        pictures = tuple(
            _picture(track, order, ends, f"{place + 1:02}-{number + 1:02}")
            for number, track in enumerate(found)
        )
        yield TrackCard(f"c{place + 1}", capital(found[0].title), found, pictures)


def _picture(track: Track, order: Sequence[str], ends: Limits, prefix: str) -> Picture:
    rows = tuple((p.at, p.value, p.low, p.high, p.standing, p.changed) for p in track.points)
    listed = [
        (p.at, f"{number(p.value, track.unit)} {interval(p.low, p.high)} {p.standing}") for p in track.points
    ]
    return Picture(
        name=f"{prefix}-{slug(track.title)}-{slug(track.benchmark)}",
        title=f"{track.benchmark}: {track.what}",
        caption=f"In {track.unit}; band: {INTERVAL_NOTE}.",
        alt=alternative(f"{track.title} on {track.benchmark} by checkpoint", listed),
        columns=("checkpoint", "value", "low", "high", "verdict", "changed"),
        rows=rows,
        draw=_Drawing(track, tuple(order), ends),
    )


@dataclass(frozen=True, slots=True)
class _Drawing:
    """A picture that is drawn when it is asked for."""

    track: Track
    order: tuple[str, ...]
    ends: Limits

    def __call__(self) -> "Figure":
        return draw(self.track, self.order, self.ends)
