"""What a run can detect before it is made: how far the truth must be from the margin on either side.

The score test alone would reach nearer to the margin than HOLDS does in clusters: the Dirichlet bounds, of
the run and of the same without a loss, ask for more the fewer and larger the clusters are.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

from ipllvm.stats.clusters import mean_size
from ipllvm.stats.dirichlet import Totals
from ipllvm.stats.power import (
    POWER,
    design_effect,
    minimum_detectable_effect,
    planned_design_effect,
    standard_error,
)

if TYPE_CHECKING:
    from jaxtyping import Int

_KINDS = 256
"""The most clusters that stand for all of one size."""
_LEAST, _NONE = 1e-300, 1e-9
_HALF = 0.5
WHOLE = 1.0
"""All that scores can change by: no distance beyond it is one that a truth can have."""


@dataclass(frozen=True, slots=True)
class Detectable:
    """Distances of the truth from the margin, in scores, at which HOLDS and VIOLATED have power 0.80.

    `holds` is infinite where so few clusters cannot hold whatever is won.
    """

    holds: float
    violated: float

    @property
    def larger(self) -> float:
        """The distance that is decided on both sides, or on the only one that can be; else infinite.

        >>> Detectable(1.1, 0.8).larger, Detectable(1.1, 1.2).larger
        (0.8, inf)
        """
        return max((each for each in (self.holds, self.violated) if each <= WHOLE), default=math.inf)


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run as it is planned: clusters of these `sizes`, `draws` a sample, a share `discordance` changed.

    `shared` as in Contrast.

    >>> pairs, few = PlannedRun(np.full(750, 2)), PlannedRun(np.full(30, 10))
    >>> [round(100 * each, 1) for each in (pairs.detects(0.02).holds, few.detects(0.02).violated)]
    [2.2, 6.8]
    """

    sizes: "Int[np.ndarray, 'clusters']"
    draws: int = 1
    discordance: float = 0.10
    shared: float = 1.0

    def detects(self, margin: float, lattice: float = 1.0, alpha: float = 0.05) -> Detectable:
        """Both distances from a `margin` on a drop, in scores; a gain is a negative drop."""
        n = int(np.sum(self.sizes))
        deff = self.shared * planned_design_effect(self.sizes, self.draws, self.discordance)
        error = standard_error(n, self.discordance, abs(margin), deff)
        score = minimum_detectable_effect(error, lattice, n, alpha)
        if np.max(self.sizes) == 1:
            return Detectable(score, score)
        return Detectable(max(score, self._of_floor(margin, alpha), self._of_bound(margin, alpha)), score)

    def _of_floor(self, margin: float, alpha: float) -> float:
        """How far HOLDS is from the margin by the bound of the run without a loss: much must be won."""
        if margin >= 1:
            return 0.0
        sizes, counts = np.unique(self.sizes, return_counts=True)
        shares, deffs = sizes / sizes.max(), np.array([design_effect(self.draws, float(m)) for m in sizes])

        def short(won: float) -> float:
            # Clusters with gains and clusters without, of the mean and the variance that gains have.
            gain = won + (1 - won) * np.minimum(deffs / sizes, 1.0)
            some, none = (np.log1p(shares * (each + margin) / (1 - margin)) for each in (gain, 0.0))
            return math.log(alpha) + float(counts @ (won / gain * some + (1 - won / gain) * none))

        least = max(_NONE, -margin)
        if short(least) >= 0:
            return 0.0
        if short(1.0) < 0:
            return math.inf
        needed = float(brentq(short, least, 1.0))
        won = self._surely(needed)
        return math.inf if won is None else margin - max(self.discordance - 2 * won, -won)

    def _surely(self, needed: float) -> float | None:
        """The share that must be won in truth for at least `needed` to be seen in 80 % of runs."""

        def seen(won: float) -> float:
            return won - self._error(won, -won) - needed

        return float(brentq(seen, needed, 1.0)) if seen(1.0) >= 0 else None

    def _of_bound(self, margin: float, alpha: float) -> float:
        """How far HOLDS is from the margin by the Dirichlet bound, for clusters as they are typical."""

        def short(mean: float) -> float:
            totals = self._typical(mean)
            worst = min(max(float(totals.totals.max()), _HALF), 1.0)
            return math.log(max(totals.p_below(margin, worst), _LEAST) / alpha)

        lowest = -1 + 1e-6
        if short(lowest) > 0:
            return math.inf
        seen = float(brentq(short, lowest, margin)) if short(margin) > 0 else margin
        return margin - seen + self._error(self.discordance, seen)

    def _typical(self, mean: float) -> Totals:
        """Clusters around a mean drop as a run would have them: quantiles of a normal law, for each size."""
        sizes, counts = np.unique(self.sizes, return_counts=True)
        kinds = int(min(counts.max(), _KINDS))
        quantiles = ndtri((np.arange(kinds) + 0.5) / kinds)
        changed = max(self.discordance, abs(mean))
        deffs = np.array([design_effect(self.draws, float(size)) for size in sizes])
        spreads = np.sqrt((changed - mean**2) * deffs / sizes)
        values = np.clip(mean + spreads[:, None] * quantiles, -1.0, 1.0)
        shares = (sizes / sizes.max())[:, None] * np.ones(kinds)
        each = np.repeat(counts / kinds, kinds)
        return Totals((values * shares).ravel(), shares.ravel(), each)

    def _error(self, discordance: float, mean: float) -> float:
        """As much as 80 % of runs are above: 0.84 standard errors."""
        n = int(np.sum(self.sizes))
        deff = self.shared * design_effect(self.draws, mean_size(self.sizes))
        return float(ndtri(POWER)) * standard_error(n, discordance, mean, deff)
