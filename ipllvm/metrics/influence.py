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
    bound = sum(
        abs(float(above.values.mean()) / mean) + (above.bound + abs(float(above.values.mean()) / mean)) / mean
        for above, mean in zip((parts[0], parts[2]), below, strict=True)
    )
    return Contrast(
        name,
        values,
        parts[0].clusters,
        bound=max(bound, float(np.abs(values).max())),
        lattice=0.0,
        draws=max(part.draws for part in parts),
        n_error=max(part.n_error for part in parts),
        samples=parts[0].samples,
        linearised=True,
    )


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
