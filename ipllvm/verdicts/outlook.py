"""What is told of a sequential run that has ended: its evidence, and the samples that would decide."""

import math

from ipllvm.records import Claim, Contrast, Point, Series
from ipllvm.stats.clusters import cluster_sums, mean_size, spread
from ipllvm.stats.power import Outlook, outlook
from ipllvm.stats.sequential import Sequential, expected_samples

_POINTS = 100.0


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
    return outlook(max(math.ceil(needed), samples + 1), available)


def unbounded(series: Series) -> Series:
    """A curve or map without its pointwise intervals, which a sample that was looked at does not have."""
    return Series(
        series.name,
        series.quantity,
        series.unit,
        series.axes,
        tuple(Point(point.at, point.value) for point in series.points),
    )
