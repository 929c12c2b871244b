"""What stands beside a claim: curves, maps and ratios, each value with its interval, without a verdict."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ipllvm.metrics.importance import score_by_draw
from ipllvm.metrics.weighted import weighted
from ipllvm.records import Contrast, Estimate, Point, Scores, Series
from ipllvm.stats.choice import INDISTINCT
from ipllvm.stats.fieller import ratio
from ipllvm.verdicts import decide

PERCENT = 100.0
Pair = tuple[Contrast, Contrast]
"""The contrasts above and below the line of a ratio, of the same samples in one order."""


def plain(name: str, contrast: Contrast) -> Estimate:
    """The estimate of a contrast, without bootstrap."""
    return decide.estimate(replace(contrast, name=name), replicates=0)


def mean_score(name: str, contrast: Contrast) -> Estimate:
    """As `plain`, of a mean that lies from 0 to 1: so do its bounds."""
    found = plain(name, contrast)
    return replace(found, low=max(found.low, 0.0), high=min(found.high, PERCENT))


def curve(name: str, quantity: str, axis: str, scores: Mapping[float, Scores]) -> Series:
    """Accuracies along an axis, in points."""
    found = {at: decide.accuracy(name, each) for at, each in scores.items()}
    return _series(name, quantity, "points", (axis,), {(at,): each for at, each in found.items()})


def profile(name: str, quantity: str, axis: str, contrasts: Mapping[float, Contrast]) -> Series:
    """Contrasts along an axis, in points."""
    return _series(
        name, quantity, "points", (axis,), {(at,): plain(name, each) for at, each in contrasts.items()}
    )


def grid(name: str, quantity: str, side: int, contrasts: Sequence[Contrast]) -> Series:
    """A map of side x side values in points, row by row from the top left."""
    places: list[tuple[float, ...]] = [divmod(cell, side) for cell in range(len(contrasts))]
    found = {at: plain(name, each) for at, each in zip(places, contrasts, strict=True)}
    return _series(name, quantity, "points", ("row", "column"), found)


def percent(name: str, pair: Pair) -> Estimate:
    """The ratio of two means in %, with its Fieller set; no value where what is below can't be told from 0.

    Raises ValueError where the two are not of the same samples.
    """
    above, below = pair
    found = ratio(above, below)
    low, high = found.interval or (-math.inf, math.inf)
    method = "Fieller's set" if found.interval else "Fieller's set, unbounded"
    return Estimate(
        name,
        "%",
        None if found.value is None else PERCENT * found.value,
        PERCENT * low,
        PERCENT * high,
        f"none: {INDISTINCT}" if found.value is None else method,
        len(below.values),
        len(set(below.clusters)),
        max(above.draws, below.draws),
        n_error=max(above.n_error, below.n_error),
    )


def percents(
    name: str, quantity: str, axes: tuple[str, ...], pairs: Mapping[tuple[float, ...], Pair]
) -> Series:
    """Ratios in % along an axis or over a map."""
    return _series(name, quantity, "%", axes, {at: percent(name, pair) for at, pair in pairs.items()})


def percent_grid(name: str, quantity: str, side: int, pairs: Sequence[Pair]) -> Series:
    """A map of side x side ratios in %, row by row from the top left."""
    places: list[tuple[float, ...]] = [divmod(cell, side) for cell in range(len(pairs))]
    return percents(name, quantity, ("row", "column"), dict(zip(places, pairs, strict=True)))


def shares(name: str, quantity: str, axis: str, values: Mapping[float, float | None]) -> Series:
    """Shares along an axis in %, without an interval: what was set, or what is biased by selection."""
    points = (Point((at,), None if value is None else PERCENT * value) for at, value in values.items())
    return Series(name, quantity, "%", (axis,), tuple(points))


def draws(name: str, quantity: str, axis: str, scores: Sequence[Scores]) -> Series:
    """The score of each draw at each place, in points: a map of place by draw, both from 0."""
    points = (
        Point((float(place), float(draw)), PERCENT * float(value))
        for place, each in enumerate(scores)
        for draw, value in enumerate(score_by_draw(each))
    )
    return Series(name, quantity, "points", (axis, "draw"), tuple(points))


def pair(above: Sequence[tuple[float, Scores]], below: Sequence[tuple[float, Scores]]) -> Pair:
    """Two weighted sums of scores on the samples that all of their terms have, in one order."""
    zero = [(0.0, scores) for _, scores in below], [(0.0, scores) for _, scores in above]
    return weighted("above", [*above, *zero[0]]), weighted("below", [*zero[1], *below])


def _series(
    name: str, quantity: str, unit: str, axes: tuple[str, ...], found: Mapping[tuple[float, ...], Estimate]
) -> Series:
    points = (Point(at, e.value, *_bounds(e)) for at, e in found.items())
    return Series(name, quantity, unit, axes, tuple(points))


def _bounds(found: Estimate) -> tuple[float | None, float | None]:
    """Both bounds; None for those of a value that is not shown."""
    return (None, None) if found.value is None else (found.low, found.high)
