"""Means over several benchmarks, and differences of them: one contrast with a stratum for each.

The benchmarks are fixed, not drawn. The weighted sum of their means is decided as any mean is: the clusters
of all are those of one contrast, where a value counts as often as the weight of its benchmark asks for.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ipllvm.records import Contrast
from ipllvm.stats.missing import Missing
from ipllvm.stats.score_interval import ScoreTest

Terms = Sequence[tuple[float, Contrast]]


def combined(terms: Terms, sources: Sequence[str] = ()) -> ScoreTest:
    """The test of the weighted sum of the means of sets of samples, which decides nothing with < 2 clusters.

    `sources` name what the clusters of each are: sets of one source share those of the same name, and count
    as one set of them. Without, all are independent.
    """
    few = any(len(set(contrast.clusters)) < 2 for _, contrast in terms)
    groups: dict[str, list[tuple[float, Contrast]]] = {}
    for place, term in enumerate(terms):
        groups.setdefault(sources[place] if sources else str(place), []).append(term)
    terms = [_joined(group) for group in groups.values()]
    missing = [Missing.of(contrast) for _, contrast in terms]
    kept = [(w * (1 - m.share), contrast) for (w, contrast), m in zip(terms, missing, strict=True)]
    ends = [sorted((w * m.least, w * m.most)) for (w, _), m in zip(terms, missing, strict=True)]
    test = replace(
        ScoreTest.over(kept), missing=Missing(0.0, sum(low for low, _ in ends), sum(high for _, high in ends))
    )
    return replace(test, clusters=0) if few else test


def _joined(terms: Terms) -> tuple[float, Contrast]:
    """Means on the same clusters as one: a value counts as often as its mean's weight asks for."""
    if len(terms) == 1:
        return terms[0]
    weight = sum(abs(share) for share, _ in terms)
    planned = [max(len(each.values) + each.n_error, 1) for _, each in terms]
    scales = [w / weight * sum(planned) / n for (w, _), n in zip(terms, planned, strict=True)]
    parts = [(scale, each) for scale, (_, each) in zip(scales, terms, strict=True)]
    ends = [sorted((scale * low, scale * high)) for scale, each in parts for low, high in [each.hidden]]
    steps = {abs(scale) * each.lattice for scale, each in parts}
    joined = Contrast(
        terms[0][1].name,
        np.concatenate([scale * np.asarray(each.values, dtype=float) for scale, each in parts]),
        tuple(cluster for _, each in parts for cluster in each.clusters),
        bound=max(abs(scale) * each.bound for scale, each in parts),
        lattice=steps.pop() if len(steps) == 1 else 0.0,
        draws=max(each.draws for _, each in parts),
        n_error=sum(each.n_error for _, each in parts),
        unknown=(sum(low for low, _ in ends), sum(high for _, high in ends)),
        shared=max(each.shared for _, each in parts),
    )
    return weight, joined


def difference(first: Contrast, second: Contrast) -> ScoreTest:
    """Mean of `first` minus mean of `second`, of independent samples, as text-rich against plain."""
    return combined([(1.0, first), (-1.0, second)])
