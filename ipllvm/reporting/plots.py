"""The drawings of a report: intervals against a margin, scores side by side, curves with bands.

Each function takes plain values and returns a matplotlib figure in the house style (canvas.py); nothing here
knows of a report. What was not measured is None and is left out. Maps are in heat.py.
"""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from ipllvm.reporting import text
from ipllvm.reporting.canvas import ROLES, SERIES, SIZE, WIDTH, title_marks
from ipllvm.safety.printing import shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW, LINE, FOOT, EDGE = 22.0, 16.0, 40.0, 14.0
"""Heights of a row, of a line of the legend and of an axis with its name; the space to the right."""
CURVE_HEIGHT: Final = 206
LABEL: Final = 26
"""Characters of a name that are shown."""
WORDS: Final = 52
"""Characters of a line of the legend, marks included."""
NAME: Final = 50
"""Characters of a line of an axis' name; a longer name has two lines."""
POINTS: Final = (0.0, 100.0)
"""The scale that scores share."""
WHOLE: Final = (0.0, 1.0)
"""That of a share."""
MARKERS: Final = ("o", "s", "^", "D", "v", "P")
DASHES: Final = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
STANDINGS: Final = {
    "HOLDS": ("good", "o"),
    "VIOLATED": ("bad", "X"),
    "UNDECIDED": ("open", "D"),
    "WORSE": ("bad", "v"),
}


@dataclass(frozen=True, slots=True)
class Span:
    """A value with its interval under a label; a bound that is None is unbounded."""

    label: str
    value: float
    low: float | None
    high: float | None
    standing: str = "UNDECIDED"


@dataclass(frozen=True, slots=True)
class Curve:
    """A named line: places, values and the bounds of its band, None where there is none."""

    name: str
    at: tuple[float, ...]
    values: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]

    @property
    def band(self) -> tuple[list[float], list[float]]:
        """Both sides of the band as it is drawn: as wide as the line where a bound is not known."""
        low, high = (
            [value if bound is None else bound for value, bound in zip(self.values, side, strict=True)]
            for side in (self.low, self.high)
        )
        return low, high


@dataclass(frozen=True, slots=True)
class Level:
    """A value drawn across; of a claim, whether `above` it the claim holds, and the place that decides it."""

    name: str
    value: float
    above: bool | None = None
    at: float | None = None


def forest(spans: Sequence[Span], margin: float, direction: str, label: str) -> "Figure":
    """One interval a row against the margin; the side on which the claim holds is tinted."""
    figure, axes = _rows([span.label for span in spans], label, lines=1)
    known = _values(spans)
    low, high = _room([*known, margin, 0.0])
    axes.set_xlim(low, high)
    axes.axvspan(*((low, margin) if direction == "at_most" else (margin, high)), color=ROLES["allowed"], lw=0)
    axes.axvline(0, color=ROLES["line"], lw=1)
    axes.axvline(margin, color=ROLES["ink"], lw=1.2, ls=(0, (4, 2)))
    side = "left" if margin < (low + high) / 2 else "right"
    axes.text(margin, -0.7, f"margin {margin:g}", ha=side, va="bottom", color=ROLES["ink"])
    for place, span in enumerate(spans):
        _span(axes, place, span, (low, high))
    return figure


def levels(
    labels: Sequence[str], scores: Sequence[tuple[str, Sequence[Span | None]]], label: str
) -> "Figure":
    """Scores by name with their intervals, one line a label, on the scale that all scores share."""
    figure, axes = _rows(labels, label, lines=_lines([name for name, _ in scores]))
    apart = min(0.24, 0.72 / max(len(scores), 1))
    for number, (name, spans) in enumerate(scores):
        shift = (number - (len(scores) - 1) / 2) * apart
        measured = [(place + shift, span) for place, span in enumerate(spans) if span is not None]
        look = _mark(number, 6)
        for y, span in measured:
            ends = [span.value if end is None else end for end in (span.low, span.high)]
            axes.plot(ends, [y, y], color=look["color"], lw=1.6, solid_capstyle="butt")
        values, places = [span.value for _, span in measured], [y for y, _ in measured]
        (marks,) = axes.plot(values, places, ls="", label=shortened(name, LABEL), **look)
        title_marks(
            marks, [f"{name}: {_with_interval(span.value, span.low, span.high)}" for _, span in measured]
        )
    axes.set_xlim(*_room([*POINTS, *_values([span for _, spans in scores for span in spans if span])]))
    _legend(figure, axes, top=4)
    return figure


def curves(found: Sequence[Curve], across: str, up: str, lines: Sequence[Level] = ()) -> "Figure":
    """Lines with their bands; `lines` are levels across: the score on a blank image, what is claimed."""
    rows = _lines([*(curve.name for curve in found), *(level.name for level in lines)])
    height = CURVE_HEIGHT + LINE * rows
    names = _wrapped(across)
    figure, axes = framed(height, left=40, top=26 + LINE * rows, foot=FOOT + LINE * names.count("\n"))
    values = [x for curve in found for side in (*curve.band, curve.values) for x in side]
    values += [level.value for level in lines]
    scale = WHOLE if up == "share" else POINTS if up == "points" and min(values) >= 0 else (0.0,)
    axes.set_ylim(*_room([*scale, *values]))
    for number, curve in enumerate(found):
        colour, dash = _line(number)
        if len(curve.at) > 1:
            axes.fill_between(curve.at, *curve.band, color=colour, alpha=0.15, lw=0)
        else:  # a band without width would not be seen
            axes.vlines(curve.at, *curve.band, color=colour, lw=1.6)
        (marks,) = axes.plot(
            curve.at, curve.values, ls=dash, lw=1.8, label=shortened(curve.name, LABEL), **_mark(number)
        )
        points = zip(curve.at, curve.values, curve.low, curve.high, strict=True)
        titles = [
            f"{curve.name} at {at:g}: {_with_interval(value, low, high)}" for at, value, low, high in points
        ]
        title_marks(marks, titles)
    for level in lines:
        _level(axes, level)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.set_xlabel(names)
    top = axes.get_position().y1 + 4 / height
    figure.text(2 / WIDTH, top, up, ha="left", va="bottom", color=ROLES["soft"])
    _ticks(axes, sorted({x for curve in found for x in curve.at}))
    _legend(figure, axes, top=4)
    return figure


def _with_interval(value: float, low: float | None, high: float | None) -> str:
    """A value with its interval, for who points at it."""
    described = "" if low is None and high is None else f" {text.interval(low, high)}"
    return text.number(value) + described


def _values(spans: Sequence[Span]) -> list[float]:
    return [x for span in spans for x in (span.low, span.high, span.value) if x is not None]


def _level(axes: "Axes", level: Level) -> None:
    """A line across; of a claim in ink, the place that decides it ringed and the side that holds tinted."""
    name = shortened(level.name, LABEL)
    if level.above is None:
        axes.axhline(level.value, color=ROLES["soft"], lw=1.2, ls=(0, (1, 2)), label=name)
        return
    axes.axhline(level.value, color=ROLES["ink"], lw=1.3, ls=(0, (4, 2)), label=name)
    low, high = axes.get_ylim()
    if level.at is not None:
        ends = (level.value, high) if level.above else (low, level.value)
        axes.plot([level.at] * 2, ends, color=ROLES["allowed"], lw=9, solid_capstyle="butt", zorder=0.6)
        axes.plot([level.at], [level.value], ls="", marker="o", ms=9, mfc="none", mec=ROLES["ink"], mew=1.3)


def _span(axes: "Axes", place: int, span: Span, limits: tuple[float, float]) -> None:
    role, marker = STANDINGS.get(span.standing, STANDINGS["UNDECIDED"])
    ends = [limits[0] if span.low is None else span.low, limits[1] if span.high is None else span.high]
    axes.plot(ends, [place] * 2, color=ROLES[role], lw=2.2, solid_capstyle="butt")
    (mark,) = axes.plot(
        [span.value], [place], marker=marker, ms=7, color=ROLES[role], mec=ROLES["paper"], mew=0.8
    )
    title_marks(mark, [f"{span.label}: {_with_interval(span.value, span.low, span.high)}"])
    for known, end, arrow in zip((span.low, span.high), ends, "<>", strict=True):
        if known is None:
            axes.plot([end], [place], marker=arrow, ms=5, color=ROLES[role], clip_on=False)


def _rows(labels: Sequence[str], label: str, lines: int) -> "tuple[Figure, Axes]":
    """A figure with one row a label from the top, and room for lines of text above."""
    names, words = [shortened(name, LABEL) for name in labels], _wrapped(label)
    head, foot = 10 + LINE * lines, FOOT + LINE * words.count("\n")
    left = 12 + 0.57 * SIZE * max(map(len, names), default=0)
    height = head + ROW * len(names) + foot
    figure, axes = framed(height, left=left, top=head, foot=foot)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0, labelcolor=ROLES["ink"])
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    figure.text(0.5, 5 / height, words, ha="center", color=ROLES["soft"])
    return figure, axes


def framed(height: float, left: float, top: float, foot: float, right: float = EDGE) -> "tuple[Figure, Axes]":
    """A figure of the house's width with one pair of axes; all lengths in points."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 72, height / 72))
    box = (left / WIDTH, foot / height, (WIDTH - left - right) / WIDTH, (height - top - foot) / height)
    return figure, figure.add_axes(box)


def _wrapped(name: str) -> str:
    """The name of an axis, whole where two lines can hold it."""
    return "\n".join(textwrap.wrap(name, NAME, max_lines=2, placeholder=" …"))


def _ticks(axes: "Axes", places: Sequence[float]) -> None:
    """A tick at every place where they are few and far enough apart."""
    wide = (places[-1] - places[0]) / 14 if places else 0.0
    if len(places) <= 12 and all(b - a >= wide for a, b in pairwise(places)):
        axes.set_xticks(places, [f"{x:g}" for x in places])


def _legend(figure: "Figure", axes: "Axes", top: float) -> None:
    """The names of what is drawn, `top` points below the upper edge."""
    marks, names = axes.get_legend_handles_labels()
    figure.legend(
        marks, names, loc="upper left", ncols=_abreast(names), frameon=False, borderaxespad=0,
        bbox_to_anchor=(2 / WIDTH, 1 - top / (72 * figure.get_figheight())), fontsize=SIZE - 0.5,
        handletextpad=0.4, columnspacing=1.2, labelspacing=0.3, handlelength=2.4, borderpad=0,
    )  # fmt: skip


def _abreast(names: Sequence[str]) -> int:
    """How many names fit into a line of the legend."""
    return max(1, min(3, WORDS // (5 + max(len(shortened(name, LABEL)) for name in names))))


def _lines(names: Sequence[str]) -> int:
    return math.ceil(len(names) / _abreast(names))


def _line(number: int) -> tuple[str, Any]:
    """Colour and dashes of a curve, of the first sixteen no two alike."""
    return ROLES[SERIES[number % len(SERIES)]], DASHES[(number + number // len(SERIES)) % len(DASHES)]


def _mark(number: int, size: float = 5.5) -> dict[str, Any]:
    colour = ROLES[SERIES[number % len(SERIES)]]
    return {"marker": MARKERS[number % len(MARKERS)], "ms": size, "color": colour, "mec": ROLES["paper"]}


def _room(values: Sequence[float]) -> tuple[float, float]:
    """The least and the most of `values` with some room around; never empty."""
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or 1.0
    return low - room, high + room
