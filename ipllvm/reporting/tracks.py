"""What a claim did from checkpoint to checkpoint: its values, where it was first violated, what changed.

A track knows of no file: `ipllvm history` makes it of reports and baselines (history/claims.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ipllvm.records import ClaimKey
from ipllvm.reporting.canvas import ROLES, SIZE
from ipllvm.reporting.plots import CURVE_HEIGHT, EDGE, POINTS, STANDINGS, framed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABELS: Final = 8
"""Checkpoints whose names fit under an axis."""
FOOT: Final = 46.0
CHARACTERS: Final = 12
Limits = tuple[float, float]


@dataclass(frozen=True, slots=True)
class TrackPoint:
    """A claim at one checkpoint; `changed` says whether it got "worse" or "better" than at the one before."""

    at: str
    value: float
    low: float | None
    high: float | None
    standing: str = ""
    changed: str = ""


@dataclass(frozen=True, slots=True)
class Track:
    """A claim on a benchmark over checkpoints; `margin` is None for what nothing is claimed of."""

    property: str
    claim: str
    title: str
    benchmark: str
    what: str
    unit: str
    kind: str
    margin: float | None
    direction: str
    points: tuple[TrackPoint, ...]

    def key(self) -> ClaimKey:
        """What it is of, wherever it was measured."""
        return ClaimKey(self.property, self.claim, self.benchmark)


def first_violated(track: Track) -> TrackPoint | None:
    """The first checkpoint that violates a requirement."""
    question = track.points if track.kind == "requirement" else ()
    return next((point for point in question if point.standing == "VIOLATED"), None)


def limits(tracks: Sequence[Track]) -> Limits:
    """What tracks of one claim need in common, so that they can be compared by eye."""
    found = [x for track in tracks for p in track.points for x in (p.value, p.low, p.high) if x is not None]
    found += [track.margin for track in tracks if track.margin is not None]
    whole = all(track.margin is None for track in tracks)
    low, high = min([0.0, *found]), max([*(POINTS if whole else (0.0,)), *found])
    room = 0.06 * (high - low) or 1.0
    return low - room, high + room


def draw(track: Track, order: Sequence[str], ends: Limits) -> "Figure":
    """The values of a track with their band, each marked by its verdict; arrows where it changed."""
    figure, axes = framed(CURVE_HEIGHT + FOOT, left=40, top=24, foot=FOOT, right=EDGE)
    places = [order.index(point.at) + 1 for point in track.points]
    axes.set_xlim(0.5, len(order) + 0.5)
    axes.set_ylim(*ends)
    _claim(axes, track, ends)
    bounds = [
        (p.value if p.low is None else p.low, p.value if p.high is None else p.high) for p in track.points
    ]
    axes.fill_between(
        places, [a for a, _ in bounds], [b for _, b in bounds], color=ROLES["s1"], alpha=0.15, lw=0
    )
    axes.plot(places, [point.value for point in track.points], color=ROLES["s1"], lw=1.6)
    for place, point in zip(places, track.points, strict=True):
        role, marker = STANDINGS.get(point.standing, ("s1", "o"))
        axes.plot([place], [point.value], marker=marker, ms=7, color=ROLES[role], mec=ROLES["paper"])
        if point.changed:
            axes.axvline(place - 0.5, color=ROLES["ink"], lw=0.9, ls=(0, (1, 2)))
            axes.text(place - 0.45, ends[1], point.changed, va="top", fontsize=SIZE - 1, color=ROLES["ink"])
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.text(0, 1.02, track.unit, transform=axes.transAxes, ha="right", va="bottom", color=ROLES["soft"])
    if len(order) <= LABELS:
        names = [at if len(at) <= CHARACTERS else f"…{at[1 - CHARACTERS :]}" for at in order]
        axes.set_xticks(range(1, len(order) + 1), names, rotation=18, ha="right")
    else:
        axes.set_xticks(range(1, len(order) + 1, len(order) // LABELS))
        figure.text(0.5, 5 / (CURVE_HEIGHT + FOOT), "checkpoint", ha="center", color=ROLES["soft"])
    return figure


def _claim(axes: "Axes", track: Track, ends: Limits) -> None:
    """The margin, and the side on which the claim holds."""
    if track.margin is None:
        return
    side = (ends[0], track.margin) if track.direction == "at_most" else (track.margin, ends[1])
    axes.axhspan(*side, color=ROLES["allowed"], lw=0)
    axes.axhline(track.margin, color=ROLES["ink"], lw=1.2, ls=(0, (4, 2)))
