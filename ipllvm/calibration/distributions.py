"""Simulated outcomes: contrasts of a known mean, drawn as the planted models' scores come about.

The luck of a trial is that of its cluster with probability sqrt(rho_c), of its sample with
sqrt(rho_k - rho_c), else its own, as in planted:exact-drop: two changes in one cluster correlate by
rho_c, two draws of one sample by rho_k.
"""

from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from ipllvm.records import Contrast

if TYPE_CHECKING:
    from jaxtyping import Float


@dataclass(frozen=True, slots=True)
class Design:
    """How many samples, in clusters of which size, with how many draws, and how they correlate."""

    n: int
    size: int = 1
    draws: int = 1
    rho_c: float = 0.0
    rho_k: float = 0.0

    @property
    def clusters(self) -> tuple[str, ...]:
        """The cluster of every sample."""
        return _names(self.n, self.size)

    def luck(self, rng: np.random.Generator) -> "Float[np.ndarray, 'samples draws']":
        """Uniform numbers, one a trial."""
        shape = (self.n, self.draws)
        by_cluster = sqrt(self.rho_c) if self.size > 1 else 0.0
        by_sample = sqrt(max(self.rho_k - by_cluster**2, 0.0)) if self.draws > 1 else 0.0
        luck, chosen = rng.random(shape), rng.random(shape)
        cluster = rng.random(-(-self.n // self.size)).repeat(self.size)[: self.n, None]
        luck = np.where(chosen < by_cluster + by_sample, rng.random((self.n, 1)), luck)
        return np.where(chosen < by_cluster, cluster, luck)

    def __str__(self) -> str:
        return f"n={self.n}, clusters of {self.size}, K={self.draws}"


@cache
def _names(n: int, size: int) -> tuple[str, ...]:
    return tuple(f"c{i // size}" for i in range(n))


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
        return self.under(design, design.luck(rng))

    def under(self, design: Design, luck: "Float[np.ndarray, 'samples draws']") -> Contrast:
        """The contrast that so much luck makes."""
        values = ((luck < self.lost).astype(float) - (luck >= 1 - self.won)).mean(1)
        lattice = 1 / design.draws
        return Contrast("drop", np.round(values, 12), design.clusters, lattice=lattice, draws=design.draws)

    def __str__(self) -> str:
        return f"lost {100 * self.lost:g} %, won {100 * self.won:g} %"


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
