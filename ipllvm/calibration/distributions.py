"""Simulated outcomes: contrasts of a known mean, drawn as the planted models' scores come about.

The luck of a trial is that of its cluster with probability sqrt(rho_c), of its sample with
sqrt(rho_k - rho_c), else its own, as in planted:exact-drop: two changes in one cluster correlate by
rho_c, two draws of one sample by rho_k. Under the other law of clusters, beta, each has rates of its own
about the common ones, as in a beta-binomial (with several outcomes a Dirichlet-multinomial) distribution.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import log, sqrt
from typing import TYPE_CHECKING

import numpy as np

from ipllvm.records import Contrast

if TYPE_CHECKING:
    from jaxtyping import Float, Int

LAYOUTS: dict[str, tuple[int, ...]] = {
    "a giant of 750": (750, *(1,) * 750),
    "a giant of 375": (375, *(1,) * 375),
    "two giants of 300": (300, 300, *(1,) * 900),
    "ten of 50": (*(50,) * 10, *(1,) * 250),
    "Zipf": tuple(max(1, round(369 / rank)) for rank in range(1, 33)),
    "geometric": tuple(round(-9.5 * log(1 - (i + 0.5) / 150)) + 1 for i in range(150)),
}
"""Sizes of unequal clusters, largest first; the singles are samples of their own."""


@dataclass(frozen=True, slots=True)
class Design:
    """How many samples, in clusters of which size, with how many draws, and how they correlate.

    `layout` names unequal clusters (`LAYOUTS`) in place of a `size`; `beta` the other law of clusters.
    """

    n: int
    size: int = 1
    draws: int = 1
    rho_c: float = 0.0
    rho_k: float = 0.0
    layout: str = ""
    beta: bool = False

    @property
    def sizes(self) -> "Int[np.ndarray, 'clusters']":
        """How many samples each cluster has."""
        if self.layout:
            return np.array(LAYOUTS[self.layout])
        return np.bincount(np.arange(self.n) // self.size)

    @property
    def clusters(self) -> tuple[str, ...]:
        """The cluster of every sample."""
        return _names(self)

    def luck(self, rng: np.random.Generator) -> "Float[np.ndarray, 'samples draws']":
        """Uniform numbers, one a trial."""
        shape, sizes = (self.n, self.draws), self.sizes
        correlated = not self.beta and sizes.max() > 1
        by_cluster = sqrt(self.rho_c) if correlated else 0.0
        by_sample = sqrt(max(self.rho_k - by_cluster**2, 0.0)) if self.draws > 1 else 0.0
        luck, chosen = rng.random(shape), rng.random(shape)
        cluster = rng.random(len(sizes)).repeat(sizes)[:, None]
        luck = np.where(chosen < by_cluster + by_sample, rng.random((self.n, 1)), luck)
        return np.where(chosen < by_cluster, cluster, luck)

    def rates(
        self, common: Sequence[float], rng: np.random.Generator
    ) -> "Float[np.ndarray, 'samples rates']":
        """The `common` chances of outcomes, or with the law beta those of each sample's cluster."""
        if not self.beta:
            return np.tile(common, (self.n, 1))
        weights = rng.standard_gamma(np.array(common) * (1 / self.rho_c - 1), (len(self.sizes), len(common)))
        weights /= np.maximum(weights.sum(1, keepdims=True), np.finfo(float).tiny)
        return np.asarray(weights.repeat(self.sizes, axis=0))

    def __str__(self) -> str:
        where = self.layout or f"clusters of {self.size}"
        law = f", beta {self.rho_c:g}" if self.beta else ""
        return f"n={self.n}, {where}, K={self.draws}{law}"


@cache
def _names(design: Design) -> tuple[str, ...]:
    return tuple(f"c{cluster}" for cluster, size in enumerate(design.sizes) for _ in range(size))


@dataclass(frozen=True, slots=True)
class Flips:
    """A drop: in each draw a sample loses its score with probability `lost`, wins it with `won`."""

    lost: float
    won: float = 0.0

    @classmethod
    def of(cls, drop: float, changed: float) -> "Flips":
        """A mean of `drop` where a share `changed` of the scores changes, at least as much as it takes."""
        changed = max(changed, abs(drop))
        return cls((changed + drop) / 2, (changed - drop) / 2)

    @property
    def truth(self) -> float:
        """The mean, in scores."""
        return self.lost - self.won

    def contrast(self, design: Design, rng: np.random.Generator) -> Contrast:
        """One run's contrast."""
        luck = design.luck(rng)
        if not design.beta:
            return self.under(design, luck)
        rates = design.rates((self.lost, self.won, 1 - self.lost - self.won), rng)
        return _drop((luck < rates[:, :1]).astype(float) - (luck >= 1 - rates[:, 1:2]), design)

    def under(self, design: Design, luck: "Float[np.ndarray, 'samples draws']") -> Contrast:
        """The contrast that so much luck makes."""
        return _drop((luck < self.lost).astype(float) - (luck >= 1 - self.won), design)

    def __str__(self) -> str:
        return f"lost {100 * self.lost:g} %, won {100 * self.won:g} %"


@dataclass(frozen=True, slots=True)
class Graded:
    """A drop of graded scores, as of a judge or of points: each of `steps` is a drop and its chance."""

    name: str
    steps: tuple[tuple[float, float], ...]

    @property
    def truth(self) -> float:
        """The mean, in scores."""
        return sum(drop * chance for drop, chance in self.steps)

    def contrast(self, design: Design, rng: np.random.Generator) -> Contrast:
        """One run's contrast."""
        drops, chances = zip(*self.steps, strict=True)
        luck = design.luck(rng)
        ends = np.cumsum(design.rates((*chances, 1 - sum(chances)), rng), axis=1)[:, :-1]
        step = (luck[:, :, None] >= ends[:, None, :]).sum(2)
        return replace(_drop(np.array([*drops, 0.0])[step], design), lattice=0.0)

    def __str__(self) -> str:
        return self.name


def _drop(values: "Float[np.ndarray, 'samples draws']", design: Design) -> Contrast:
    """The contrast of changes by draw."""
    means = np.round(values.mean(1), 12)
    return Contrast("drop", means, design.clusters, lattice=1 / design.draws, draws=design.draws)


@dataclass(frozen=True, slots=True)
class Retention:
    """A ratio claim: A / B is `share`, its contrast a - share b; a and b are right or wrong, B is `known`.

    A sample is right in both, in a alone (`gained`), in b alone, or in none.
    """

    share: float
    known: float = 0.95
    gained: float = 0.005

    @property
    def truth(self) -> float:
        """The mean of the contrast: the claim is at its margin."""
        return 0.0

    def contrast(self, design: Design, rng: np.random.Generator) -> Contrast:
        """One run's contrast, of one draw."""
        only_b = self.known * (1 - self.share) + self.gained
        edges = np.cumsum([self.gained, only_b, self.known - only_b])
        kind = np.searchsorted(edges, design.luck(rng)[:, 0], side="right")
        values = np.array([1, -self.share, 1 - self.share, 0])[kind]
        return Contrast("retention", values, design.clusters, lattice=0.0, weighted=True)

    def __str__(self) -> str:
        return f"share {self.share:g} of {100 * self.known:g} %"
