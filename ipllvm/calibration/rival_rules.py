"""Rules of other tools, restated: what each says of the same paired answers of two checkpoints.

A rule sees what each sample lost (1 lost, -1 won, between for graded scores) and its cluster, and says
whether the candidate passes and whether it raises an alarm. Thresholds are the tools' defaults; the margin is
2 points. Restated from what an audit read and ran of them, not run here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import bdtr, ndtr, stdtr, stdtrit

from ipllvm.records import Contrast
from ipllvm.stats.choice import choose
from ipllvm.verdicts.worse import p_worse

if TYPE_CHECKING:
    from jaxtyping import Float, Int

MARGIN, LEVEL = 0.02, 0.05
BASELINE = 0.80
"""The score of the baseline that an unpaired rule is told."""


@dataclass(frozen=True, eq=False)
class Paired:
    """What two checkpoints answered to the same samples: `lost` by sample, and the number of its cluster.

    `lattice` is the smallest step of a value, 0 for graded scores.
    """

    lost: "Float[np.ndarray, 'samples']"
    cluster: "Int[np.ndarray, 'samples']"
    lattice: float = 1.0

    @cached_property
    def contrast(self) -> Contrast:
        """The same as a claim sees it."""
        return Contrast("lost", self.lost, tuple(map(str, self.cluster)), lattice=self.lattice)

    @property
    def counts(self) -> tuple[int, int]:
        """How many samples lost and won."""
        return int((self.lost > 0).sum()), int((self.lost < 0).sum())


Judgement = tuple[bool, bool]
"""Whether the candidate passes, and whether there is an alarm."""
Rule = Callable[[Paired], Judgement]


def ipllvm(found: Paired) -> Judgement:
    """This project: HOLDS at a margin of 2 points; an alarm where it is VIOLATED or WORSE."""
    test = choose(found.contrast)
    alarm = min(test.p_violated(MARGIN), p_worse(found.contrast)) <= LEVEL
    return test.p_holds(MARGIN) <= LEVEL, alarm


def ipllvm_violated(found: Paired) -> Judgement:
    """This project with --fail-on=violated: an alarm where it is worse by more than 2 points."""
    test = choose(found.contrast)
    return test.p_holds(MARGIN) <= LEVEL, test.p_violated(MARGIN) <= LEVEL


def threshold(found: Paired) -> Judgement:
    """A drop of more than 2 points is an alarm, anything else passes (promptfoo, deepeval, many scripts)."""
    worse = bool(found.lost.mean() > MARGIN)
    return not worse, worse


def unpaired_z(found: Paired) -> Judgement:
    """Two accuracies by an unpaired z-test, two-sided 5 %; a tick where not significant (lm-eval 0.4.9)."""
    n, drop = len(found.lost), float(found.lost.mean())
    now = BASELINE - drop
    error = sqrt((BASELINE * (1 - BASELINE) + max(now * (1 - now), 0.0)) / n)
    alarm = 2 * float(ndtr(-abs(drop) / error)) < LEVEL and drop > 0
    return not alarm, alarm


def mcnemar(found: Paired) -> Judgement:
    """Exact McNemar, two-sided 5 %; not significant passes (mlflow 3.18, holdline 0.3, evalproof, R)."""
    lost, won = found.counts
    p = min(1.0, 2 * float(bdtr(min(lost, won), lost + won, 0.5))) if lost + won else 1.0
    alarm = p < LEVEL and lost > won
    return not alarm, alarm


def paired_t(found: Paired) -> Judgement:
    """A 95 % t interval of the paired difference, read against the margin and 0 (lmms-eval 0.7.3)."""
    return _interval(found.lost, np.arange(len(found.lost)))


def cluster_t(found: Paired) -> Judgement:
    """The same over clusters, as by OLS with cluster-robust errors (R evaluatellm, statsmodels)."""
    return _interval(found.lost, found.cluster)


def tost(found: Paired) -> Judgement:
    """One-sided paired t-tests against the margin, 5 % (distil, statsmodels ttost_paired)."""
    n, mean = len(found.lost), float(found.lost.mean())
    error = float(found.lost.std(ddof=1)) / sqrt(n)
    if error == 0:
        return mean < MARGIN, mean > MARGIN
    p = float(stdtr(n - 1, (mean - MARGIN) / error))
    return p <= LEVEL, 1 - p <= LEVEL


def one_sided_mcnemar(found: Paired) -> Judgement:
    """Exact McNemar, one-sided 5 % (Amazon's LLM-Accuracy-Stats, arXiv 2602.10144)."""
    lost, won = found.counts
    alarm = bool(lost + won) and float(bdtr(won, lost + won, 0.5)) <= LEVEL
    return not alarm, alarm


RULES: dict[str, Rule] = {
    "ipllvm": ipllvm,
    "ipllvm --fail-on=violated": ipllvm_violated,
    "threshold of 2 points": threshold,
    "unpaired z (lm-eval)": unpaired_z,
    "McNemar two-sided (mlflow, holdline)": mcnemar,
    "McNemar one-sided (Amazon)": one_sided_mcnemar,
    "paired t interval (lmms-eval)": paired_t,
    "cluster t interval (evaluatellm)": cluster_t,
    "TOST (distil, statsmodels)": tost,
}


def _interval(lost: "Float[np.ndarray, 'samples']", cluster: "Int[np.ndarray, 'samples']") -> Judgement:
    """Passes where the interval stays inside the margin; an alarm where it is above 0."""
    totals, sizes = np.bincount(cluster, weights=lost), np.bincount(cluster)
    groups, n, mean = len(sizes), len(lost), float(lost.mean())
    square = float(np.sum((totals - mean * sizes) ** 2)) * groups / (groups - 1)
    reach = float(stdtrit(groups - 1, 1 - LEVEL / 2)) * sqrt(square) / n
    return mean + reach < MARGIN, mean - reach > 0
