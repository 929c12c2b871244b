"""Which test decides a contrast: the score test, or the betting bound where that can't be trusted."""

from ipllvm.records import Contrast
from ipllvm.stats.betting import BettingTest
from ipllvm.stats.clusters import information
from ipllvm.stats.score_interval import ScoreTest

_MIN_INFORMATION = 20


def choose(contrast: Contrast) -> ScoreTest | BettingTest:
    """The test of `contrast`; its `method` is the name, `interval` and the p-values decide.

    Differences of scores have the score test. So have weighted contrasts if at least 20 clusters
    carry information; with fewer its error exceeds alpha there, and the betting bound decides.
    """
    if contrast.weighted and information(contrast) < _MIN_INFORMATION:
        return BettingTest.of(contrast)
    return ScoreTest.of(contrast)
