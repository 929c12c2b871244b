"""Means over several benchmarks, and differences of them: one contrast with a stratum for each.

The benchmarks are fixed, not drawn. The weighted sum of their means is decided as any mean is: the clusters
of all are those of one contrast, where a value counts as often as the weight of its benchmark asks for.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ipllvm.records import Contrast
from ipllvm.stats.missing import WorstCase, at_worst
from ipllvm.stats.protocol import HypothesisTest
from ipllvm.stats.score_interval import ScoreTest

Terms = Sequence[tuple[float, Contrast]]


def combined(terms: Terms, sources: Sequence[str] = ()) -> HypothesisTest:
    """The test of the weighted sum of the means of sets of samples, which decides nothing with < 2 clusters.

    `sources` name what the clusters of each are: sets of one source share those of the same name, and count
    as one set of them. Without, all are independent. What failed is at its worst for each side.
    """
    measured = stratified([(weight, contrast.complete) for weight, contrast in terms], sources)
    if measured.too_little or not any(contrast.n_error for _, contrast in terms):
        return measured
    highest, lowest = (
        stratified([(weight, at_worst(contrast, side * weight)) for weight, contrast in terms], sources)
        for side in (1, -1)
    )
    return WorstCase(highest, lowest)


def stratified(terms: Terms, sources: Sequence[str] = ()) -> ScoreTest:
    """The same of the samples that have a value."""
    few = any(len(set(contrast.clusters)) < 2 for _, contrast in terms)
    groups: dict[str, list[tuple[float, Contrast]]] = {}
    for place, term in enumerate(terms):
        groups.setdefault(sources[place] if sources else str(place), []).append(term)
    test = ScoreTest.over([_joined(group) for group in groups.values()])
    return replace(test, clusters=0) if few else test


def _joined(terms: Terms) -> tuple[float, Contrast]:
    """Means on the same clusters as one: a value counts as often as its mean's weight asks for."""
    if len(terms) == 1:
        return terms[0]
    weight = sum(abs(share) for share, _ in terms)
    sizes = [max(len(each.values), 1) for _, each in terms]
    scales = [w / weight * sum(sizes) / n for (w, _), n in zip(terms, sizes, strict=True)]
    parts = [(scale, each) for scale, (_, each) in zip(scales, terms, strict=True)]
    steps = {abs(scale) * each.lattice for scale, each in parts}
    joined = Contrast(
        terms[0][1].name,
        np.concatenate([scale * np.asarray(each.values, dtype=float) for scale, each in parts]),
        tuple(cluster for _, each in parts for cluster in each.clusters),
        bound=max(abs(scale) * each.bound for scale, each in parts),
        lattice=steps.pop() if len(steps) == 1 else 0.0,
        draws=max(each.draws for _, each in parts),
        shared=max(each.shared for _, each in parts),
    )
    return weight, joined
