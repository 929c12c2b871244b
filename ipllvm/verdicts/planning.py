"""What a run can tell, said before it: the smallest effect that is detected and the samples that decide.

From the claims' planned discordance, with clusters, draws and levels as planned; no data are seen.
"""

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
    standard_error,
)
from ipllvm.stats.sequential import expected_samples

if TYPE_CHECKING:
    from jaxtyping import Int

_POINTS = 100.0
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
