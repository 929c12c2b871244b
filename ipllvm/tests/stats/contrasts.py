"""Contrasts for the tests: a few changed samples among many."""

import numpy as np

from ipllvm.records import Contrast


def singletons(n: int) -> tuple[str, ...]:
    """Every sample in its own cluster."""
    return tuple(f"c{i}" for i in range(n))


def grouped(n: int, size: int) -> tuple[str, ...]:
    """Consecutive samples in clusters of `size`."""
    return tuple(f"c{i // size}" for i in range(n))


def flips(n: int, lost: int, won: int = 0, size: int = 1, n_error: int = 0) -> Contrast:
    """The first `lost` of `n` samples have +1, the next `won` have -1, the rest 0."""
    values = np.zeros(n)
    values[:lost] = 1
    values[lost : lost + won] = -1
    return Contrast("drop", values, grouped(n, size), n_error=n_error)


def scattered() -> Contrast:
    """300 samples in clusters of 10 with 11 losses and 6 wins spread over the clusters."""
    values = np.zeros(300)
    values[0:300:25] = 1
    values[5:56:10] = -1
    return Contrast("drop", values, grouped(300, 10))


def uneven() -> Contrast:
    """60 clusters of 1, 2, 3, 4 and 10 samples with 12 losses and 4 wins."""
    sizes = [1, 2, 3, 4, 10] * 12
    values = np.zeros(240)
    values[0:240:20] = 1
    values[7:240:60] = -1
    clusters = tuple(f"c{g}" for g, size in enumerate(sizes) for _ in range(size))
    return Contrast("drop", values, clusters)


def drawn() -> Contrast:
    """300 samples averaged over five draws."""
    values = np.zeros(300)
    values[:10], values[10:14], values[14] = 0.4, -0.2, 1.0
    return Contrast("drop", values, singletons(300), lattice=0.2, draws=5)


def doubled() -> Contrast:
    """A difference of differences in [-2, 2]."""
    values = np.zeros(200)
    values[:8], values[8:10], values[10] = 1, -1, 2
    return Contrast("change", values, singletons(200), bound=2.0)


def retention() -> Contrast:
    """Whether 300 samples keep half of what an encoder knows: right in both, either, none."""
    kept = np.repeat([1.0, 1.0, 0.0, 0.0], [110, 10, 140, 40])
    known = np.repeat([1.0, 0.0, 1.0, 0.0], [110, 10, 140, 40])
    return Contrast("retention", kept - known / 2, singletons(300), lattice=0.0)
