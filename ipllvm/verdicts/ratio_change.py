"""What became of a ratio between two runs: by the influence values of both, paired by sample.

A claim on a ratio is decided without division; by how much the ratio itself changed is no mean of one
contrast, and the two denominators may differ. The linear contrast says who changed, and is for display.
"""

from dataclasses import replace

import numpy as np

from ipllvm.metrics.influence import ratio, ratio_change
from ipllvm.records import Contrast, Decision, Estimate, Verdict
from ipllvm.stats.choice import INDISTINCT, distinct

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
    return replace(ratio_change(moved.name, worse, old, new), n_error=moved.n_error)


def told(estimate: Estimate, moved: Contrast, old: Contrast, new: Contrast, worse: float) -> Estimate:
    """The estimate of a change, with who changed, and what the linear contrast at the old ratio comes to."""
    lost, gained = int((moved.values > 0).sum()), int((moved.values < 0).sum())
    extra = {**estimate.extra, "at_baseline": _at_baseline(old, new, worse)}
    return replace(estimate, discordant=(lost, gained), extra=extra)


def guarded(verdict: Verdict, *sides: Contrast) -> Verdict:
    """The verdict on a change; UNDECIDED where a denominator can't be told from 0."""
    if all(side.over is not None and distinct(side.over) for side in sides):
        return verdict
    return Verdict(Decision.UNDECIDED, INDISTINCT)


def _at_baseline(old: Contrast, new: Contrast, worse: float) -> float | None:
    """The new mean of numerator - old ratio x denominator, in points, positive where it is worse."""
    if new.over is None or percent(old) is None or not len(new.values):
        return None
    return float(np.mean(new.values + (new.share - ratio(old)) * new.over.values)) * worse * _POINTS
