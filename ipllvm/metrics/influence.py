"""Differences of ratios, such as the normalised areas of two models, by their influence values.

A ratio R = mean(a) / mean(b) moves by (a_i - R b_i) / mean(b) with sample i (Efron 1982): the mean of
R + that is R, and its spread is that of the ratio. Two ratios on the same samples are paired so.
"""

from dataclasses import replace

import numpy as np

from ipllvm.records import Contrast

_DECIMALS = 12


def ratio_difference(
    name: str, first: tuple[Contrast, Contrast], second: tuple[Contrast, Contrast]
) -> Contrast:
    """mean(a) / mean(b) of `first` minus that of `second`, each given as (a, b), on the samples of all four.

    The denominators must be clearly above 0, which is the caller's to check; where one is 0 no
    value is given. Raises ValueError where contrasts without sample ids are of different lengths.
    """
    parts = _shared([*first, *second])
    below = [float(parts[1].values.mean()), float(parts[3].values.mean())] if len(parts[0].values) else [0, 0]
    if not all(below):
        return Contrast(name, np.zeros(0), (), linearised=True)
    one, two = _values(parts[0], parts[1], below[0]), _values(parts[2], parts[3], below[1])
    values = np.round(one - two, _DECIMALS)
    sides = zip((parts[0], parts[2]), (parts[1], parts[3]), strict=True)
    bound = abs(float(values.mean())) + sum(_reach(above, base) for above, base in sides)
    most = max(parts, key=lambda part: part.n_error)
    return Contrast(
        name,
        values,
        parts[0].clusters,
        bound=max(bound, float(np.abs(values).max())),
        lattice=0.0,
        draws=max(part.draws for part in parts),
        n_error=most.n_error,
        failed=tuple(each.anywhere for each in most.failed),
        samples=parts[0].samples,
        linearised=True,
    )


def ratio_change(name: str, worse: float, old: Contrast, new: Contrast) -> Contrast:
    """By how much the ratio of a claim is now worse than it was, `worse` being 1 where larger is, else -1.

    Both are the claim's contrasts with their denominators, paired by sample; else as `ratio_difference`.
    """
    sides = (new, old) if worse > 0 else (old, new)
    made = ratio_difference(name, _parts(sides[0]), _parts(sides[1]))
    if not len(made.values):
        return made
    # The claim's contrast is nearly the influence value already, and its bound is closer than the parts' are.
    reach = sum(_claimed_reach(each) for each in sides) + abs(float(made.values.mean()))
    return replace(made, bound=max(reach, float(np.abs(made.values).max())))


def ratio(claimed: Contrast) -> float:
    """The ratio that a claim's contrast speaks of; its denominator must not be 0."""
    above, below = _parts(claimed)
    return float(above.values.mean()) / float(below.values.mean())


def _parts(claimed: Contrast) -> tuple[Contrast, Contrast]:
    """What stands above and below the line: values + share x denominator, and the denominator."""
    if claimed.over is None:
        raise ValueError(f"{claimed.name} is no claim on a ratio")
    below = claimed.over
    values = np.round(claimed.values + claimed.share * below.values, _DECIMALS)
    bound = claimed.bound + claimed.share * below.bound
    failed = tuple(each.anywhere for each in claimed.failed)
    return replace(claimed, values=values, bound=bound, failed=failed), below


def _claimed_reach(claimed: Contrast) -> float:
    """How far one sample's values can move the ratio of a claim."""
    _, below = _parts(claimed)
    off = abs(ratio(claimed) - claimed.share) * below.bound
    return (claimed.bound + off) / float(below.values.mean())


def _reach(above: Contrast, below: Contrast) -> float:
    """How far one sample's values can move a ratio."""
    mean = float(below.values.mean())
    return (above.bound + abs(float(above.values.mean()) / mean) * below.bound) / mean


def _values(above: Contrast, below: Contrast, mean: float) -> np.ndarray:
    ratio = float(above.values.mean()) / mean
    return np.asarray(ratio + (above.values - ratio * below.values) / mean)


def _shared(parts: list[Contrast]) -> list[Contrast]:
    """The contrasts on the samples that all of them have, in one order; errors stay counted."""
    if len({part.samples for part in parts}) == 1:
        return parts
    ids = [sample for sample in parts[0].samples if all(sample in part.samples for part in parts[1:])]
    return [_only(part, ids) for part in parts]


def _only(part: Contrast, ids: list[str]) -> Contrast:
    place = {sample: row for row, sample in enumerate(part.samples)}
    rows = [place[sample] for sample in ids]
    clusters = tuple(part.clusters[row] for row in rows)
    return replace(part, values=part.values[rows], clusters=clusters, samples=tuple(ids))
