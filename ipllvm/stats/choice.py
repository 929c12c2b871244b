"""Which test decides a contrast: the score test, or the betting bound where that can't be trusted."""

import numpy as np

from ipllvm.records import Contrast
from ipllvm.stats.betting import BettingTest
from ipllvm.stats.clusters import information
from ipllvm.stats.score_interval import ScoreTest
from ipllvm.stats.student import StudentTest, linearised

# Ours: with 20 the retention of 0.9 on 300 samples, a few of which lose much where most win little, was put
# too high in 6.3 % of 20,000 runs; with 30 in 0.3 %, and no law tried between 20 and 200 exceeds 6.2 %.
_MIN_INFORMATION = 30

Judge = ScoreTest | BettingTest | StudentTest
"""What decides: bounds and p-values of one test."""


def choose(contrast: Contrast) -> Judge:
    """The test of `contrast`; its `method` is the name, `interval` and the p-values decide.

    Differences of scores have the score test. So have weighted contrasts if at least 30 clusters
    carry information; with fewer its error exceeds alpha there, and the betting bound decides. Where
    no value differs from 0 the score test's bound is exact, weighted or not. Influence values have the t
    over clusters, or nothing.
    """
    if contrast.linearised:
        return linearised(contrast)
    if contrast.weighted and np.any(contrast.values) and information(contrast) < _MIN_INFORMATION:
        return BettingTest.of(contrast)
    return ScoreTest.of(contrast)
