"""What became of a ratio between two runs: by the influence values of both, paired by sample.

A claim on a ratio is decided without division; by how much the ratio itself changed is no mean of one
contrast, and the two denominators may differ. The linear contrast says who changed, and is for display.
"""

from dataclasses import replace

import numpy as np

from ipllvm.metrics.influence import ratio, ratio_change
from ipllvm.records import Contrast, Decision, Estimate, Verdict
from ipllvm.stats.choice import INDISTINCT, above_zero, distinct

_POINTS = 100.0


def is_ratio(*sides: Contrast) -> bool:
    """Whether all of these are claims on a ratio."""
    return all(side.over is not None for side in sides)


def percent(claimed: Contrast) -> float | None:
    """The ratio in %; None where its denominator can't be told from 0."""
    known = claimed.over is not None and distinct(claimed.over)
    return _POINTS * ratio(claimed) if known else None


def change(moved: Contrast, old: Contrast, new: Contrast, worse: float) -> Contrast:
    """By how much the ratio got worse, in place of `moved`, the change of the claim's linear contrast."""
    failed = tuple(each.anywhere for each in moved.failed)
    return replace(ratio_change(moved.name, worse, old, new), n_error=moved.n_error, failed=failed)


def told(estimate: Estimate, moved: Contrast, old: Contrast, new: Contrast, worse: float) -> Estimate:
    """The estimate of a change, with who changed, and what the linear contrast at the old ratio comes to."""
    lost, gained = int((moved.values > 0).sum()), int((moved.values < 0).sum())
    extra = {**estimate.extra, "at_baseline": _at_baseline(old, new, worse)}
    return replace(estimate, discordant=(lost, gained), extra=extra)


def unknown(*sides: Contrast) -> float:
    """The p-value behind "both denominators are above 0", which a change of the ratio needs."""
    return max(above_zero(side.over) if side.over is not None else 1.0 for side in sides)


def guarded(verdict: Verdict, p: float, alpha: float) -> Verdict:
    """The verdict with p-values of at least `p`, that of `unknown`; UNDECIDED where `p` is above `alpha`."""
    found = max(verdict.p_holds, p), max(verdict.p_violated, p)
    if p > alpha:
        return Verdict(Decision.UNDECIDED, INDISTINCT, *found)
    return replace(verdict, p_holds=found[0], p_violated=found[1])


def _at_baseline(old: Contrast, new: Contrast, worse: float) -> float | None:
    """The new mean of numerator - old ratio x denominator, in points, positive where it is worse."""
    if new.over is None or percent(old) is None or not len(new.values):
        return None
    return float(np.mean(new.values + (new.share - ratio(old)) * new.over.values)) * worse * _POINTS
