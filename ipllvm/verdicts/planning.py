"""What a run can tell, said before it: the smallest effect that is detected and the samples that decide.

From the claims' planned discordance, with clusters, draws and levels as planned; no data are seen.
"""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ipllvm.records import Claim
from ipllvm.stats.clusters import mean_size
from ipllvm.stats.power import (
    design_effect,
    edges,
    minimum_detectable_effect,
    outlook,
    planned_design_effect,
    required_samples,
    samples_to_catch,
    samples_to_lose_one,
    samples_without_change,
    standard_error,
)
from ipllvm.stats.sequential import expected_samples

if TYPE_CHECKING:
    from jaxtyping import Int

_POINTS = 100.0
FLIPS = (0.02, 0.04, 0.10)
"""Shares of the answers that may flip, which decide how many samples a regression takes."""
CAUGHT = "points worse are caught"
"""In every line of `catch_line`, which is the same for all properties on a benchmark."""
LEVEL = 0.05
GAP = 0.05
"""The distance of the truth from the margin, in scores, that a sequential run's use is predicted at."""


def power_line(claim: Claim, clusters: Sequence[str], draws: int, available: int) -> str:
    """What can be told of a claim from samples in these clusters, in one line.

    `available` is how many samples the whole benchmark has.
    """
    n, deff = len(clusters), _deff(clusters, draws)
    margin = claim.margin / _POINTS
    effect = _effect(abs(margin), claim, clusters, draws)
    low, high = claim.margin - effect, claim.margin + effect
    told = edges(claim.margin, effect)
    if claim.direction == "at_least":
        told = f"HOLDS if the truth is >= {high:.2f}, VIOLATED if <= {low:.2f}"
    line = f"{claim.name}: minimum detectable effect {effect:.2f} points at n = {n}: {told}"
    needed = required_samples(abs(margin), claim.planned_discordance, deff=deff, alpha=claim.alpha)
    return line if needed is None else f"{line}; at a truth of 0 {outlook(needed, available).sentence}"


def gates(claims: Sequence[Claim], clusters: Sequence[str], draws: int, available: int) -> Iterator[str]:
    """The gates that cannot hold at these numbers even if nothing got worse, and what would do."""
    for claim in claims:
        margin = claim.regression_margin / _POINTS
        effect = _effect(margin, claim, clusters, draws)
        if effect <= claim.regression_margin:
            continue
        deff = _deff(clusters, draws)
        needed = required_samples(margin, claim.planned_discordance, deff=deff, alpha=claim.alpha)
        ahead = "" if needed is None else f"; {outlook(needed, available).sentence}"
        yield (
            f"the gate of {claim.name} is weak: at n = {len(clusters)} its minimum detectable effect of "
            f"{effect:.2f} points exceeds the regression margin of {claim.regression_margin:g}, "
            f"so that it may stay UNDECIDED where nothing got worse{ahead}"
        )


def catch_line(name: str, clusters: Sequence[str], points: float, power: float, benchmarks: int = 1) -> str:
    """How many samples of a benchmark show, by a test at margin 0, that a checkpoint is `points` worse.

    `clusters` are those of the whole benchmark, one a sample; `power` is in (0, 1). One line, with the fewest
    that any test needs, and what is needed of each of several benchmarks if all are as much worse.
    """
    effect, deff = points / _POINTS, _deff(clusters, 1)
    rates = [rate for rate in FLIPS if rate >= effect] or [effect]
    needed = {rate: samples_to_catch(effect, rate, power, deff) for rate in rates}
    parts = [f"{n:,} answers if {_POINTS * rate:g} % flip" for rate, n in needed.items()]
    line = f"{name}: {points:g} {CAUGHT} in {_POINTS * power:g} % by {', '.join(parts)}"
    fewest = samples_to_lose_one(effect, power)
    line += f"; by {fewest:,} at least, if harmless changes flip none; it has {len(clusters):,}"
    if benchmarks > 1:
        # Of several benchmarks the row over all answers is tested at half of the level.
        each = math.ceil(samples_to_catch(effect, rates[0], power, deff, LEVEL / 2) / benchmarks)
        line += f"; {each:,} of each of {benchmarks} benchmarks together, at {_POINTS * rates[0]:g} %"
    return line


def out_of_reach(claim: Claim, clusters: Sequence[str], whole: Sequence[str]) -> str:
    """Why a tolerance can't hold at this number of samples even if nothing changes; empty where it can.

    `whole` are the clusters of the whole benchmark: where these are too few as well no number will do.
    """
    if claim.direction != "at_most" or claim.margin <= 0:
        return ""
    needed = samples_without_change(claim.margin / _POINTS, alpha=claim.alpha)
    have, most = (len(set(each)) for each in (clusters, whole))
    if needed is None or have >= needed:
        return ""
    what = f"{claim.name} cannot hold at {have} pictures, even if nothing changes: {needed} would do"
    return f"{what}, this benchmark has {most}" if most < needed else f"{what} (--samples)"


def expected_share(claim: Claim, sizes: Sequence[int], draws: int, bound: float = 1.0) -> float:
    """The share of clusters of these sizes that a sequential run is expected to use, at most 1.

    From the claim's planned discordance, for a truth that is `GAP` away from the margin; `bound` is that of
    the contrast.
    """
    size = mean_size(np.array(sizes))
    deff = design_effect(draws, size)
    samples = expected_samples(claim.planned_discordance * deff / bound**2, GAP / bound, size)
    return min(1.0, samples / sum(sizes))


def _effect(margin: float, claim: Claim, clusters: Sequence[str], draws: int) -> float:
    n = len(clusters)
    deff = planned_design_effect(_sizes(clusters), draws, claim.planned_discordance)
    error = standard_error(n, claim.planned_discordance, margin, deff)
    return _POINTS * minimum_detectable_effect(error, 1 / draws, n, claim.alpha)


def _deff(clusters: Sequence[str], draws: int) -> float:
    return design_effect(draws, mean_size(_sizes(clusters)))


def _sizes(clusters: Sequence[str]) -> "Int[np.ndarray, 'clusters']":
    return np.unique(np.asarray(clusters, dtype=str), return_counts=True)[1]
