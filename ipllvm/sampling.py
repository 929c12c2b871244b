"""Seeded generators: the only source of randomness behind an estimate.

A generator is named by content, `generator(seed, cluster, "permutation", draw)`, never by
call order, so that a draw is the same whatever the batch size, order or number of workers.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Key = str | int | float
T = TypeVar("T")


def generator(*key: Key) -> np.random.Generator:
    """A generator fixed by `key` on every machine.

    >>> generator(0, "scenes-1").integers(1000) == generator(0, "scenes-1").integers(1000)
    np.True_
    >>> generator(0, "a").integers(10**9) == generator(0, "b").integers(10**9)
    np.False_
    """
    digest = hashlib.sha256("\x1f".join(repr(part) for part in key).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def choose(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of `options`, uniformly."""
    return options[int(rng.integers(len(options)))]
