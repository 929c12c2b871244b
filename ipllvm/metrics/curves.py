"""Curves over a ratio: their normalised area, and what is kept of what can be lost."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from ipllvm.metrics.weighted import share_claim
from ipllvm.records import Contrast, Scores


def trapezoid(at: Sequence[float]) -> tuple[float, ...]:
    """Weights of the trapezoid rule at ascending places, scaled to sum 1.

    >>> [round(w, 4) for w in trapezoid((0, 0.25, 0.5, 0.75))]
    [0.1667, 0.3333, 0.3333, 0.1667]
    """
    gaps = [b - a for a, b in pairwise(at)]
    sides = zip([0.0, *gaps], [*gaps, 0.0], strict=True)
    return tuple((left + right) / 2 / (at[-1] - at[0]) for left, right in sides)


def area_terms(curve: Mapping[float, Scores]) -> list[tuple[float, Scores]]:
    """The area under a curve as a weighted sum of its scores; over the clean score it is the normalised area.

    `curve` begins with the clean score at 0.
    """
    places = sorted(curve)
    return list(zip(trapezoid(places), (curve[place] for place in places), strict=True))


def kept_share(clean: Scores, floor: Scores, perturbed: Scores, share: float) -> Contrast:
    """At least 0 where at least `share` of what clean has above the floor is left: the contrast is
    (s - floor) - share (clean - floor).
    """
    return share_claim("kept", [(1.0, perturbed), (-1.0, floor)], [(1.0, clean), (-1.0, floor)], share)
