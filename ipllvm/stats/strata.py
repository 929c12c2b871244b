"""Means over several benchmarks, and differences of them: one contrast with a stratum for each.

The benchmarks are fixed, not drawn. The weighted sum of their means is decided as any mean is: the clusters
of all are those of one contrast, where a value counts as often as the weight of its benchmark asks for.
"""

from collections.abc import Sequence
from dataclasses import replace

from ipllvm.records import Contrast
from ipllvm.stats.missing import Missing
from ipllvm.stats.score_interval import ScoreTest

Terms = Sequence[tuple[float, Contrast]]


def combined(terms: Terms) -> ScoreTest:
    """The test of the weighted sum of the means of independent sets of samples.

    It decides nothing where one of them has fewer than two clusters.
    """
    missing = [Missing.of(contrast) for _, contrast in terms]
    kept = [(w * (1 - m.share), contrast) for (w, contrast), m in zip(terms, missing, strict=True)]
    ends = [sorted((w * m.least, w * m.most)) for (w, _), m in zip(terms, missing, strict=True)]
    test = replace(
        ScoreTest.over(kept), missing=Missing(0.0, sum(low for low, _ in ends), sum(high for _, high in ends))
    )
    few = any(len(set(contrast.clusters)) < 2 for _, contrast in terms)
    return replace(test, clusters=0) if few else test


def difference(first: Contrast, second: Contrast) -> ScoreTest:
    """Mean of `first` minus mean of `second`, of independent samples, as text-rich against plain."""
    return combined([(1.0, first), (-1.0, second)])
