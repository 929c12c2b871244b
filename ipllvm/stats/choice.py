"""Which test decides a contrast: the score test, or the Dirichlet bound where that can't be trusted.

And whether a ratio may be taken at all: its denominator must be distinguishable from 0.
"""

from dataclasses import replace

import numpy as np

from ipllvm.records import EXACT, Contrast
from ipllvm.stats.betting import BettingTest
from ipllvm.stats.clusters import effective_clusters
from ipllvm.stats.crossed import across
from ipllvm.stats.dirichlet import DirichletTest
from ipllvm.stats.missing import bounded
from ipllvm.stats.protocol import HypothesisTest
from ipllvm.stats.score_interval import ScoreTest
from ipllvm.stats.student import linearised, uninformed

# Ours: with 20 the retention of 0.9 on 300 samples, a few of which lose much where most win little, was put
# too high in 6.3 % of 20,000 runs; with 30 in 0.3 %, and no law tried between 20 and 200 exceeds 6.2 %.
_MIN_INFORMATION = 30

INDISTINCT = "what it is a share of may be 0"
"""Why no ratio is shown, and no claim on one decided."""


def choose(contrast: Contrast, exact: str = EXACT[0]) -> HypothesisTest:
    """The test of `contrast`; its `method` is the name, `interval` and the p-values decide.

    Differences of scores have the score test. So have weighted contrasts if at least 30 clusters
    carry information; with fewer its error exceeds alpha there, and the bound named `exact` decides. Bets,
    which are proven, decide all of these where they are asked for and clusters are independent. Where
    no value differs from 0 the score test's bound is exact, weighted or not. Influence values have the t
    over clusters; with too little information for that the same bound, as if the ratios were known, and
    with too few clusters nothing. Where draws stand for others like them the t is over clusters and draws.
    Either side has a test of its own where samples failed (ipllvm/stats/missing.py).
    """
    return bounded(contrast, lambda each: _of_complete(each, exact))


def _of_complete(contrast: Contrast, exact: str) -> HypothesisTest:
    if contrast.crossed is not None:
        return across(contrast)
    if contrast.linearised and np.any(contrast.values):
        return _exact(contrast, exact) if uninformed(contrast) else linearised(contrast)
    if not np.any(contrast.values):
        return ScoreTest.of(contrast)
    few = contrast.weighted and effective_clusters(contrast) < _MIN_INFORMATION
    return _exact(contrast, exact) if few or _by_bets(contrast, exact) else ScoreTest.of(contrast)


def turned(contrast: Contrast, sign: float) -> Contrast:
    """The contrast, or with a `sign` of -1 the opposite one."""
    if sign > 0:
        return contrast
    by_draw = None if contrast.crossed is None else -contrast.crossed
    failed = tuple(each.turned for each in contrast.failures[: len(contrast.failed)])
    values = -np.asarray(contrast.values, dtype=float)
    return replace(contrast, values=values, crossed=by_draw, failed=failed, signed=True)


def distinct(denominator: Contrast, alpha: float = 0.05) -> bool:
    """Whether the one-sided lower bound of a ratio's denominator is above 0."""
    return above_zero(denominator) <= alpha


def above_zero(denominator: Contrast, exact: str = EXACT[0]) -> float:
    """The p-value behind "a ratio's denominator is above 0"."""
    return choose(denominator, exact).p_violated(0.0)


def _exact(contrast: Contrast, exact: str) -> DirichletTest | BettingTest:
    return BettingTest.of(contrast) if _by_bets(contrast, exact) else DirichletTest.of(contrast)


def _by_bets(contrast: Contrast, exact: str) -> bool:
    """Whether bets are asked for, and proven: clusters that share more than a mean are not independent."""
    return exact == "bets" and contrast.shared == 1
