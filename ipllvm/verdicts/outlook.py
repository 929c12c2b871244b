"""What is told of a run that did not decide: how many samples would, and how sure that is."""

import math

from scipy.optimize import brentq

from ipllvm.records import Claim, Contrast, Point, Series
from ipllvm.stats.choice import turned
from ipllvm.stats.clusters import cluster_sums, mean_size, spread
from ipllvm.stats.missing import at_worst
from ipllvm.stats.power import Outlook, outlook, powered_level, samples_to_decide, samples_without_change
from ipllvm.stats.protocol import HypothesisTest
from ipllvm.stats.score_interval import ScoreTest
from ipllvm.stats.sequential import Sequential, expected_samples

_POINTS = 100.0
_MOST, _LEAST = 1e4, 1e-300
"""Times as many samples beyond which none are told."""


def ahead(
    contrast: Contrast, claim: Claim, test: ScoreTest, judge: HypothesisTest, available: int | None = None
) -> Outlook:
    """How many samples would decide an undecided claim, from the distance and the spread that were seen.

    `test` is the score test of what was measured, on the side of the claim, `judge` what decides it. What
    failed is at its worst for that side. The observed distance is taken for the true one, which is a plan and
    no evidence: how many samples it would take were the truth at the far end of the interval is told too.
    """
    margin, mean = claim.signed_margin, test.mean * test.bound
    side = 1 if mean <= margin else -1
    if contrast.n_error:
        test = ScoreTest.of(at_worst(turned(contrast, claim.sign), side))
    gap = margin - test.mean * test.bound
    if contrast.n_error and side * gap <= 0:
        return Outlook(None, f"the {contrast.n_error} samples without a score could tip it either way")
    if contrast.crossed is not None:
        return Outlook(None, "more draws would tell more than more samples, as draws stand for others")
    if test.concordant:
        needed = samples_without_change(abs(gap) / test.bound, test.largest, claim.alpha)
        if needed is None:
            return Outlook(None, "at the margin")
        return outlook(contrast.in_samples(needed), available)
    error = test.standard_error(margin)
    found = samples_to_decide(test.n, error, gap, claim.alpha, available)
    if found.n is None:
        return found
    needed = found.n
    if times := _times(judge, margin, side, claim.alpha):
        needed = max(test.n + 1, math.ceil(times * test.n))
    made = outlook(contrast.in_samples(needed), available)
    far = _at_far(claim, test, gap, side, needed)
    return Outlook(made.n, f"{made.sentence}{_how_sure(contrast.in_samples(far[0]), far[1])}")


def _times(judge: HypothesisTest, margin: float, side: int, alpha: float) -> float | None:
    """How many times as many clusters decide in 80 % of runs like this one; None: none, or it can't say."""
    level = powered_level(alpha)

    def gap(log_times: float) -> float:
        grown = judge.grown(math.exp(log_times))
        if grown is None:
            return math.inf
        p = grown.p_holds(margin) if side > 0 else grown.p_violated(margin)
        if side > 0 and grown.at_floor(p, margin):
            return math.log(max(p, _LEAST) / alpha)
        return math.log(max(p, _LEAST) / level)

    most = math.log(_MOST)
    if gap(most) > 0:
        return None
    return math.exp(float(brentq(gap, 0.0, most, xtol=1e-4))) if gap(0.0) > 0 else 1.0


def _at_far(claim: Claim, test: ScoreTest, gap: float, side: int, needed: int) -> tuple[int, float]:
    """How many values it is at the far end of the interval, and that end in points."""
    far = test.interval(claim.alpha)[0 if side > 0 else 1]
    farther = abs(gap) + abs(far - test.mean * test.bound)
    return max(test.n + 1, math.ceil(needed * (gap / farther) ** 2)), claim.sign * _POINTS * far


def _how_sure(at_far: int, far: float) -> str:
    """That the number is for the observed distance, and what it is at the far end of the interval."""
    return (
        f", in 80 % of runs if the truth is as observed (about {at_far} if it is "
        f"{far:.2f}, none at the margin)"
    )


def evidence(sequence: Sequential, margin: float) -> tuple[float, float]:
    """Both E at their largest so far, for the claim and against it; 1 before anything is seen."""
    logs = (sequence.log_holds(margin), sequence.log_violated(margin))
    holds, violated = (math.exp(min(float(log.max(initial=0.0)), 700.0)) for log in logs)
    return holds, violated


def outlook_of(contrast: Contrast, claim: Claim, samples: int, available: int) -> Outlook:
    """How many samples would decide, after `samples` with the distance and spread that were seen."""
    if not len(contrast.values):
        return Outlook(None, "nothing was measured")
    totals, sizes = cluster_sums(contrast)
    n, around = len(contrast.values), spread(totals, sizes)
    gap = float(contrast.values.mean()) - claim.margin / _POINTS
    if abs(gap) <= math.sqrt(around) / n / 2:
        return Outlook(None, "at the margin: no number of samples is likely to decide")
    bound = contrast.bound
    needed = expected_samples(around / n / bound**2, gap / bound, mean_size(sizes))
    return outlook(max(contrast.in_samples(math.ceil(needed)), samples + 1), available)


def unbounded(series: Series) -> Series:
    """A curve or map without its pointwise intervals, which a sample that was looked at does not have."""
    return Series(
        series.name,
        series.quantity,
        series.unit,
        series.axes,
        tuple(Point(point.at, point.value) for point in series.points),
    )
