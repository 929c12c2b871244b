"""Whether encoders and a text encoder find the same photographs alike: mutual neighbours, with their null."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np
from jaxtyping import Float

from ipllvm.metrics.alignment import Alignment, align
from ipllvm.metrics.performance_drop import score
from ipllvm.paper.real.photographs import Photograph
from ipllvm.perturbations.shuffle import PatchShuffle
from ipllvm.records import Estimate, Scores
from ipllvm.sampling import generator
from ipllvm.verdicts.series import mean_score

K: Final = 3
"""Neighbours: of 10, as in the paper, every other photograph would be one."""
GRID: Final = 14

Stacks = Mapping[str, Float[np.ndarray, "items layers width"]]


def pairs(stacks: Stacks, k: int = K, seed: int = 0) -> dict[tuple[str, str], Alignment]:
    """The alignment of every two of the stacks, whose rows are the same photographs."""
    return {
        (one, other): align(stacks[one], stacks[other], generator(seed, one, other), k)
        for one, other in combinations(stacks, 2)
    }


def shared(found: Alignment, photographs: Sequence[Photograph]) -> Estimate:
    """The mean share of common neighbours in points, layers chosen on the other half, with its interval."""
    names = tuple(each.name for each in photographs)
    return mean_score("shared", score(Scores("shared", names, names, found.values[:, None])))


def shuffled(photographs: Sequence[Photograph], grid: int = GRID, seed: int = 0) -> list[Photograph]:
    """The photographs with their cells in another order, each in one of its own."""
    order = PatchShuffle(grid)
    return [
        Photograph(p.name, order.apply(p.picture, None, generator(seed, p.name, str(order))), p.caption)
        for p in photographs
    ]
