"""Curves and maps that show the same: what coincides by construction is drawn once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ipllvm.reporting.schema import Row

LEAST: Final = 4
"""Points from which on a straight relation between two curves is no accident."""
NEAR: Final = 2.0
"""Points of 100 within which a curve only repeats its own axis."""
ROUNDED: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Distinct:
    """A series that is drawn; `names` are its own and those of the equal ones, `like` the names of those that
    show the same on another scale.
    """

    series: Row
    names: tuple[str, ...]
    like: tuple[str, ...] = ()


def distinct(found: Sequence[Row]) -> list[Distinct]:
    """The series without those that coincide with an earlier one or with their own axis."""
    drawn: list[Distinct] = []
    for series in found:
        if _repeats_axis(series):
            continue
        place = next((i for i, other in enumerate(drawn) if _same(other.series, series)), None)
        if place is None:
            drawn.append(Distinct(series, (series["name"],)))
            continue
        first = drawn[place]
        if scale(first.series) == scale(series):
            drawn[place] = Distinct(first.series, (*first.names, series["name"]), first.like)
        else:
            drawn[place] = Distinct(first.series, first.names, (*first.like, series["name"]))
    return drawn


def scale(series: Row) -> tuple[str, str]:
    """What curves that are drawn together share: the unit, and the quantity.

    >>> scale({"unit": "%", "name": "importance_max", "quantity": "by the best draw"})
    ('%', 'importance')
    >>> scale({"unit": "points", "name": "random", "quantity": "score, half in black"})
    ('points', 'score')
    """
    if series["unit"] == "%":
        return "%", series["name"].partition("_")[0]
    return series["unit"], "score" if series["quantity"].startswith("score") else series["quantity"]


def _repeats_axis(series: Row) -> bool:
    """Whether a share in % is that share of the axis: what was asked for is what was done."""
    points = [point for point in series["points"] if point["value"] is not None]
    if series["unit"] != "%" or len(series["axes"]) != 1 or not points:
        return False
    return all(abs(point["value"] - 100 * point["at"][0]) <= NEAR for point in points)


def _same(first: Row, second: Row) -> bool:
    """Whether the values of two series are equal, or of different kinds and on one straight line."""
    if first["axes"] != second["axes"]:
        return False
    (here, there), places = _values(first, second), len(first["points"])
    if places == 0 or len(here) != places or places != len(second["points"]):
        return False
    spread = float(np.ptp(here))
    if np.allclose(here, there, rtol=0, atol=ROUNDED):
        return True
    if scale(first) == scale(second) or places < LEAST or spread == 0:
        return False
    slope, offset = np.polyfit(here, there, 1)
    return bool(
        np.allclose(slope * here + offset, there, rtol=0, atol=ROUNDED * max(1.0, abs(slope) * spread))
    )


def _values(first: Row, second: Row) -> tuple[np.ndarray, np.ndarray]:
    """The values at the places that both have."""
    other = {tuple(point["at"]): point["value"] for point in second["points"]}
    pairs = [
        (point["value"], other[tuple(point["at"])])
        for point in first["points"]
        if point["value"] is not None and other.get(tuple(point["at"])) is not None
    ]
    both = np.array(pairs, dtype=float).reshape(-1, 2)
    return both[:, 0], both[:, 1]
