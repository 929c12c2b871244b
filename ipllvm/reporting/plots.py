"""The geometry of a report's pictures, in the units of an SVG; the template draws it.

Hand-made, because an interval, a curve with its band and a map of numbers are all there is to draw: a
plotting library would be the largest dependency of the package and its output the largest part of a page.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ipllvm.reporting.schema import Row
from ipllvm.reporting.text import number

WIDTH, HEIGHT, PAD = 600, 220, 44
CELL = 64
TICKS = 5


@dataclass(frozen=True, slots=True)
class Mark:
    """A place along an axis and what is written there."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Forest:
    """An interval against a margin, left to right."""

    low: float
    high: float
    value: float
    margin: float
    ticks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """A line with its band, as the text of SVG points."""

    line: str
    band: str
    dots: tuple[tuple[float, float, str], ...]
    across: tuple[Mark, ...]
    up: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a map: where, how dark (0 to 1), what it says."""

    x: float
    y: float
    shade: float
    label: str


def forest(estimate: Row, margin: float | None) -> Forest | None:
    """The interval of a claim's quantity; None where a bound is missing."""
    places = [estimate[name] for name in ("low", "high", "value")]
    if margin is None or any(place is None for place in places):
        return None
    low, high, value = (float(place) for place in places)
    scale = _Scale(min(low, margin, 0.0), max(high, margin, 0.0), PAD, WIDTH - PAD)
    return Forest(scale(low), scale(high), scale(value), scale(margin), scale.ticks())


def curve(series: Row) -> Curve | None:
    """A series of one axis; None with fewer than two values."""
    points = [point for point in series["points"] if point["value"] is not None]
    if len(points) < 2:
        return None
    bounds = [[p["value"] if p[name] is None else p[name] for p in points] for name in ("low", "high")]
    x = _Scale(*_ends([p["at"][0] for p in points]), PAD, WIDTH - PAD / 2)
    y = _Scale(min(0.0, *bounds[0]), max(0.0, *bounds[1]), HEIGHT - PAD, PAD / 2)
    across = [x(p["at"][0]) for p in points]
    values = [y(p["value"]) for p in points]
    lower, upper = ([y(value) for value in bound] for bound in bounds)
    around = [*zip(across, upper, strict=True), *zip(across[::-1], lower[::-1], strict=True)]
    return Curve(
        line=_joined(list(zip(across, values, strict=True))),
        band=_joined(around),
        dots=tuple(
            (a, v, number(p["value"], series["unit"])) for a, v, p in zip(across, values, points, strict=True)
        ),
        across=tuple(Mark(a, f"{p['at'][0]:g}") for a, p in zip(across, points, strict=True)),
        up=y.ticks(),
    )


def cells(series: Row) -> tuple[Cell, ...]:
    """A series of two axes, darker where the value is larger."""
    values = [point["value"] for point in series["points"] if point["value"] is not None]
    low, high = _ends(values or [0.0])
    return tuple(
        Cell(
            x=CELL * point["at"][1],
            y=CELL * point["at"][0],
            shade=0.0 if point["value"] is None else round((point["value"] - low) / (high - low), 3),
            label=number(point["value"], series["unit"]),
        )
        for point in series["points"]
    )


def side(found: Sequence[Cell]) -> float:
    """How wide and high a map is."""
    return max((max(cell.x, cell.y) for cell in found), default=0.0) + CELL


class _Scale:
    """From values to places along an axis."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self._low, self._high = (low, high) if high > low else (low - 1, low + 1)
        self._start, self._end = start, end

    def __call__(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return round(self._start + share * (self._end - self._start), 1)

    def ticks(self) -> tuple[Mark, ...]:
        """Round numbers inside the axis, about as many as TICKS."""
        step = _round((self._high - self._low) / (TICKS - 1))
        first, last = math.ceil(self._low / step - 1e-9), math.floor(self._high / step + 1e-9)
        return tuple(Mark(self(i * step), f"{i * step:g}") for i in range(first, last + 1))


def _round(step: float) -> float:
    """The next of 1, 2 and 5 times a power of ten.

    >>> _round(0.3), _round(24.6), _round(1.0)
    (0.5, 50.0, 1.0)
    """
    power = 10.0 ** math.floor(math.log10(step))
    return next(size * power for size in (1, 2, 5, 10) if size * power >= step * (1 - 1e-9))


def _ends(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low, low + 1)


def _joined(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)
