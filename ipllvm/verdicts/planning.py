"""What a run can tell, said before it: the smallest effect that is detected and the samples that decide.

From the claims' planned discordance, with clusters, draws and levels as planned; no data are seen.
"""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ipllvm.records import Claim, Contrast
from ipllvm.stats.clusters import mean_size
from ipllvm.stats.crossed import FEWEST_DRAWS
from ipllvm.stats.detectable import Detectable, PlannedRun
from ipllvm.stats.power import (
    design_effect,
    edges,
    outlook,
    required_samples,
    samples_to_catch,
    samples_to_lose_one,
    samples_without_change,
)
from ipllvm.stats.score_interval import ScoreTest
from ipllvm.stats.sequential import expected_samples

if TYPE_CHECKING:
    from jaxtyping import Int

_POINTS = 100.0
_CLEAREST = (1.0, 0.95, 0.8, 0.5)
FLIPS = (0.02, 0.04, 0.10)
"""Shares of the answers that may flip, which decide how many samples a regression takes."""
CAUGHT = "is caught in"
"""In every line of `catch_line`, which is the same for all properties on a benchmark."""
LEVEL = 0.05
_STEP, _STEPS = 1.05, 60
GAP = 0.05
"""The distance of the truth from the margin, in scores, that a sequential run's use is predicted at."""


def power_line(claim: Claim, clusters: Sequence[str], draws: int, available: int) -> str:
    """What can be told of a claim from samples in these clusters, in one line.

    `available` is how many samples the whole benchmark has.
    """
    n, margin, number = len(clusters), claim.margin / _POINTS, len(set(clusters))
    found = _detectable(claim.signed_margin, claim, clusters, draws) if _decidable(claim, clusters) else None
    ends = found and edges(
        claim.margin, _POINTS * found.holds, _POINTS * found.violated, at_most=claim.direction == "at_most"
    )
    if few := _too_few_draws(claim, draws):
        return f"{claim.name}: {few}"
    needed = _needed(abs(margin), claim, clusters, draws)
    would = "" if needed is None else f"; at a truth of 0 {outlook(needed, available).sentence}"
    if not found or not ends or math.isinf(found.larger):
        where = f"n = {n} in {number} cluster{'s' * (number != 1)}"
        return f"{claim.name}: nothing can be decided at {where}{would}"
    effect = _POINTS * found.larger
    line = f"{claim.name}: minimum detectable effect {effect:.2f} points at n = {n}: {ends}"
    if not margin and n < available:
        sizes = np.resize(_sizes(clusters), math.ceil(available / n * len(set(clusters))))
        whole = PlannedRun(sizes, draws, claim.planned_discordance).detects(0.0, 1 / draws, claim.alpha)
        if math.isfinite(whole.larger):
            line += f"; below {_POINTS * whole.larger:.2f} none of its {available} samples would do"
    bets = "; bets take more (--exact=bets), by how much is not planned" if claim.exact == "bets" else ""
    return f"{line}{would}{bets}{_of_random_draws(claim, draws)}"


def _too_few_draws(claim: Claim, draws: int) -> str:
    """That nothing is decided about draws like so few; empty elsewhere."""
    if claim.draws != "random" or draws >= FEWEST_DRAWS:
        return ""
    return (
        f"nothing can be decided about random draws by {draws}: {FEWEST_DRAWS} at least are needed (--draws)"
    )


def _of_random_draws(claim: Claim, draws: int) -> str:
    """What a claim about draws like these asks for beyond samples: how much draws differ no plan can know."""
    if claim.draws != "random":
        return ""
    needed = (
        samples_without_change(claim.margin / _POINTS, alpha=claim.alpha) if _is_tolerance(claim) else None
    )
    least = f"; HOLDS takes {needed} draws even if none changes anything" * bool(needed and draws < needed)
    return f"{least}; more where draws differ, which is not planned"


def _is_tolerance(claim: Claim) -> bool:
    return claim.direction == "at_most" and claim.margin > 0


def gates(claims: Sequence[Claim], clusters: Sequence[str], draws: int, available: int) -> Iterator[str]:
    """The gates that cannot hold at these numbers even if nothing got worse, and what would do."""
    for claim in claims:
        margin = claim.regression_margin / _POINTS
        effect = _POINTS * _detectable(margin, claim, clusters, draws).larger
        if effect <= claim.regression_margin:
            continue
        needed = _needed(margin, claim, clusters, draws)
        ahead = "" if needed is None else f"; {outlook(needed, available).sentence}"
        strength = (
            f"its minimum detectable effect of {effect:.2f} points exceeds"
            if effect <= _POINTS
            else "it can show no effect, let alone"
        )
        changed = f"if {_POINTS * claim.planned_discordance:g} % of the answers change"
        yield (
            f"the gate of {claim.name} is weak: at n = {len(clusters)}, {changed}, {strength} the regression "
            f"margin of {claim.regression_margin:g}, so that it may stay UNDECIDED where nothing got worse"
            f"{ahead}; it takes fewer if fewer change"
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
    loss = f"a loss of {points:g} point{'s' * (points != 1)}"
    line = f"{name}: {loss} {CAUGHT} {_POINTS * power:g} % by {', '.join(parts)}"
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
    if not _is_tolerance(claim):
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


def _decidable(claim: Claim, clusters: Sequence[str]) -> bool:
    """Whether any of the clearest outcomes decides by the score test: half, most or all lost, or won."""
    margin, places = claim.signed_margin, np.arange(len(clusters) + 1)
    for share in _CLEAREST:
        changed = np.diff(np.floor(share * places))  # as many of each stretch of samples
        won, lost = (ScoreTest.of(Contrast(claim.name, sign * changed, tuple(clusters))) for sign in (-1, 1))
        if min(won.p_holds(margin), lost.p_violated(margin)) <= claim.alpha:
            return True
    return False


def _detectable(margin: float, claim: Claim, clusters: Sequence[str], draws: int) -> Detectable:
    run = PlannedRun(_sizes(clusters), draws, claim.planned_discordance)
    return run.detects(margin, 1 / draws, claim.alpha)


def _needed(margin: float, claim: Claim, clusters: Sequence[str], draws: int) -> int | None:
    """Samples in clusters like these for HOLDS with power 0.80 at a truth of 0; None where none would do."""
    sizes = _sizes(clusters)
    deff = design_effect(draws, mean_size(sizes))
    needed = required_samples(margin, claim.planned_discordance, deff=deff, alpha=claim.alpha)
    if needed is None or not len(sizes) or sizes.max() == 1:
        return needed
    for step in range(_STEPS):
        n = math.ceil(needed * _STEP**step)
        run = PlannedRun(np.resize(sizes, math.ceil(n / sizes.mean())), draws, claim.planned_discordance)
        if run.detects(margin, 1 / draws, claim.alpha).holds <= margin:
            return n
    return None


def _deff(clusters: Sequence[str], draws: int) -> float:
    return design_effect(draws, mean_size(_sizes(clusters)))


def _sizes(clusters: Sequence[str]) -> "Int[np.ndarray, 'clusters']":
    return np.unique(np.asarray(clusters, dtype=str), return_counts=True)[1]
