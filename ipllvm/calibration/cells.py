"""A cell of the experiment: one law, many runs, and the bands that its rates must keep.

The bands are the 0.1 % and 99.9 % quantiles of what a sound procedure's rate would be in so many runs,
so that about one cell in a thousand fails by chance on either side; a cell that fails is run again with
ten times as many fresh runs before it is called a fault.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.stats import binom

from ipllvm.sampling import generator

ALPHA = 0.05
POWER = 0.80
RUNS = 2000
AGAIN = 10
_TAIL = 0.001


@dataclass(frozen=True, slots=True)
class Band:
    """What the rate named `rate` must keep: at most or at least `value`, with room for chance if `drawn`."""

    rate: str
    value: float
    at_most: bool = True
    drawn: bool = True

    def limit(self, runs: int) -> float:
        """The rate that is just kept in so many runs.

        >>> [round(Band("miss", 0.05).limit(runs), 4) for runs in (2000, 20000)]
        [0.0655, 0.0549]
        >>> Band("power", 0.80, at_most=False).limit(2000)
        0.772
        """
        if not self.drawn:
            return self.value
        level = 1 - _TAIL if self.at_most else _TAIL
        return float(binom.ppf(level, runs, self.value)) / runs

    def keeps(self, rate: float, runs: int) -> bool:
        """Whether a rate in so many runs is inside."""
        limit = self.limit(runs)
        return rate <= limit if self.at_most else rate >= limit


class Cell(Protocol):
    """A law with settings; `once` is one run: what happened in it, by name, each mostly 0 or 1."""

    @property
    def name(self) -> str:
        """Its name, which fixes the seeds of its runs."""
        ...

    def once(self, rng: np.random.Generator) -> Mapping[str, float]:
        """What happened in one run."""
        ...

    def bands(self, rates: Mapping[str, float]) -> Sequence[Band]:
        """What must be kept, given what was found."""
        ...


def measure(cell: Cell, runs: int = RUNS) -> dict[str, Any]:
    """The rates of a cell, and of ten times as many fresh runs where a band was broken.

    `broken`, where it is there, names the bands that were.
    """
    found = _row(cell, 0, runs)
    if "broken" in found:
        found["again"] = _row(cell, runs, AGAIN * runs)
    return found


def within_bands(row: Mapping[str, Any]) -> bool:
    """Whether a cell kept all its bands, in the end."""
    return not row.get("again", row).get("broken")


def _row(cell: Cell, first: int, runs: int) -> dict[str, Any]:
    sums: Counter[str] = Counter()
    for run in range(first, first + runs):
        sums.update(cell.once(generator("calibration", cell.name, run)))
    rates = {name: round(float(total) / runs, 6) for name, total in sorted(sums.items())}
    broken = [
        f"{band.rate} {rates[band.rate]:.4f}, limit {band.limit(runs):.4f}"
        for band in cell.bands(rates)
        if not band.keeps(rates[band.rate], runs)
    ]
    return {"runs": runs, "rates": rates, **({"broken": broken} if broken else {})}
