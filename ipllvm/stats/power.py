"""Power: what a number of samples can detect, and how many samples would decide.

All in scores, not points. Planning values where nothing is measured: a tenth of the answers
change in a draw, two draws of a sample correlate by 0.4, two samples of a cluster by 0.1.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from ipllvm.stats.clusters import mean_size
from ipllvm.stats.rounding import rounded_up

if TYPE_CHECKING:
    from jaxtyping import Int

POWER = 0.80
DRAW_CORRELATION = 0.4
CLUSTER_CORRELATION = 0.1
FEW_CLUSTERS = 100
# A ten-thousandth of a point: no benchmark tells a smaller distance from none.
_NO_GAP = 1e-6
_WHOLE = 100.0
"""Points beyond which no mean lies."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """The number of samples that would decide a claim, if any, and that in words."""

    n: int | None
    sentence: str


def design_effect(
    draws: int = 1,
    cluster_size: float = 1.0,
    draw_correlation: float = DRAW_CORRELATION,
    cluster_correlation: float = CLUSTER_CORRELATION,
) -> float:
    """Variance of a mean over draws and clusters, over that of one draw of independent samples.

    `cluster_size` is the mean size as a sample sees it. The two factors of Kish 1965, one for
    draws inside a sample and one for samples inside a cluster.

    >>> round(design_effect(draws=5), 3), round(design_effect(cluster_size=10), 3)
    (0.52, 1.9)
    """
    repeats = (1 + (draws - 1) * draw_correlation) / draws
    return repeats * (1 + (cluster_size - 1) * cluster_correlation)


def planned_design_effect(sizes: "Int[np.ndarray, 'clusters']", draws: int, discordance: float) -> float:
    """The design effect that a test of clusters of these sizes is planned with.

    Ours: below 100 clusters it has the test's own pseudo-discordance (ScoreTest), which weighs there.
    Without it the power at the minimum detectable effect was 71 and 77 % in 30 clusters of 10 with
    five draws, with it 81 and 87 % (reports/calibration.json); from 100 clusters on it is left out.

    >>> sizes = [np.full(clusters, 10) for clusters in (30, 100)]
    >>> [round(planned_design_effect(each, 5, 0.10), 3) for each in sizes]
    [1.279, 0.988]
    """
    deff = design_effect(draws, mean_size(sizes))
    if not 0 < len(sizes) < FEW_CLUSTERS:
        return deff
    events = discordance * float(np.sum(sizes))
    return (events * deff + float(np.max(sizes))) / (events + 1)


def standard_error(n: int, discordance: float, mean: float = 0.0, deff: float = 1.0) -> float:
    """Standard error of a mean drop `mean` if a share `discordance` of the scores changes.

    The paired variance of McNemar 1947 times the design effect. A mean of `mean` takes at least
    as much discordance, so less is taken for that much. Raises ValueError for n < 1.
    """
    if n < 1:
        raise ValueError("no standard error without samples")
    if discordance <= mean**2:
        discordance = abs(mean)
    return math.sqrt((discordance - mean**2) / n * deff)


def minimum_detectable_effect(error: float, lattice: float, n: int, alpha: float = 0.05) -> float:
    """Distance of the truth from the margin that is decided with power 0.80.

    `error` is the standard error at the margin; for k claims under Holm pass alpha / k.
    Schuirmann 1987 for the one-sided test; `lattice` / 2n is its continuity correction.

    >>> error = standard_error(1000, 0.10, mean=0.02)
    >>> round(100 * minimum_detectable_effect(error, 1, 1000), 4)
    2.5315
    """
    return _reach(alpha) * error + lattice / (2 * n)


def edges(margin: float, holds: float, violated: float, at_most: bool = True) -> str:
    """What a run can tell, in points, from the distances that are decided on each side; empty for nothing.

    >>> edges(2.0, 1.5, 1.0)
    'HOLDS if the truth is <= 0.50, VIOLATED if >= 3.00'
    >>> edges(2.0, math.inf, 1.0, at_most=False)
    'HOLDS at no truth, VIOLATED if <= 1.00'
    >>> edges(2.0, 110, 99)
    ''
    """
    sign, inside, outside = (1, "<=", ">=") if at_most else (-1, ">=", "<=")
    low, high = margin - sign * holds, margin + sign * violated
    if abs(low) > _WHOLE and abs(high) > _WHOLE:
        return ""
    told = f"HOLDS if the truth is {inside} {low:.2f}" if abs(low) <= _WHOLE else "HOLDS at no truth"
    return f"{told}, VIOLATED {f'if {outside} {high:.2f}' if abs(high) <= _WHOLE else 'at no truth'}"


def required_samples(
    margin: float, discordance: float, truth: float = 0.0, deff: float = 1.0, alpha: float = 0.05
) -> int | None:
    """Samples for HOLDS with power 0.80 at `truth`; None where `truth` isn't below `margin`.

    The size of a non-inferiority trial (Blackwelder 1982) with paired variance.

    >>> required_samples(0.02, 0.10), required_samples(0.02, 0.10, alpha=0.05 / 10)
    (1540, 2909)
    """
    if margin - truth <= _NO_GAP:
        return None
    variance = max(discordance - margin**2, 0.0) * deff
    return max(1, math.ceil(_reach(alpha) ** 2 * variance / (margin - truth) ** 2))


def samples_without_change(margin: float, largest_cluster: int = 1, alpha: float = 0.05) -> int | None:
    """Samples for HOLDS if not one changes (Hanley & Lippman-Hand 1983); None for a margin <= 0.

    >>> samples_without_change(0.02), samples_without_change(0.05), samples_without_change(0.02, 10)
    (149, 59, 1483)
    """
    if not _NO_GAP < margin < 1:
        return None
    return math.ceil(math.log(alpha) / math.log1p(-margin) * largest_cluster)


def samples_to_catch(
    effect: float, discordance: float, power: float = POWER, deff: float = 1.0, alpha: float = 0.05
) -> int:
    """Samples for "worse at all" (a test at margin 0) with `power`, if the truth is worse by `effect`.

    A share `discordance` of the answers changes, `effect` more of them lost than won (Connor 1987), of right
    and wrong ones, by whose steps the test is corrected. Raises ValueError unless 0 < effect <= discordance.

    >>> samples_to_catch(0.01, 0.02), samples_to_catch(0.01, 0.02, power=0.95)
    (1333, 2258)
    """
    if not 0 < effect <= discordance:
        raise ValueError(f"no {effect} is lost where {discordance} changes")
    reach = ndtri(1 - alpha) * math.sqrt(discordance) + ndtri(power) * math.sqrt(discordance - effect**2)
    reach = float(reach) * math.sqrt(deff)
    # n samples reach so far where reach / sqrt(n) + 1 / (2 n) = effect.
    return math.ceil(((reach + math.sqrt(reach**2 + 2 * effect)) / (2 * effect)) ** 2)


def samples_to_lose_one(effect: float, power: float = POWER) -> int:
    """Samples of which at least one is lost with `power`: the fewest that any test needs.

    >>> samples_to_lose_one(0.01), samples_to_lose_one(0.01, 0.95), samples_to_lose_one(1.0)
    (161, 299, 1)
    """
    if effect >= 1:
        return 1
    return math.ceil(math.log(1 - power) / math.log1p(-effect))


def samples_to_decide(
    n: int, error: float, gap: float, alpha: float = 0.05, available: int | None = None
) -> Outlook:
    """The outlook after an undecided run of `n` samples, `gap` away from the margin.

    `error` is the standard error of that run and `available` the size of the whole benchmark.
    The observed distance is taken as the true one: a plan, no evidence.
    """
    if abs(gap) <= max(error / 2, _NO_GAP):
        return Outlook(None, "at the margin: no number of samples is likely to decide")
    return outlook(max(n + 1, math.ceil(n * (_reach(alpha) * error / gap) ** 2)), available)


def outlook(needed: int, available: int | None = None) -> Outlook:
    """`needed` samples in words, as many digits as mean something, against the benchmark's `available` ones.

    >>> outlook(3021, available=1000).sentence
    'this benchmark cannot decide: about 3,030 samples would, it has 1,000'
    """
    told = f"about {rounded_up(needed, available):,} samples would"
    if available is not None and needed > available:
        return Outlook(needed, f"this benchmark cannot decide: {told}, it has {available:,}")
    return Outlook(needed, f"{told} decide")


def powered_level(alpha: float) -> float:
    """The p-value of a run that is as its truth, where a claim at `alpha` is decided with power 0.80.

    >>> round(powered_level(0.05), 4)
    0.0065
    """
    return float(ndtr(-_reach(alpha)))


def _reach(alpha: float) -> float:
    """Standard errors between the margin and a truth that is decided with power 0.80."""
    return float(ndtri(1 - alpha) + ndtri(POWER))
