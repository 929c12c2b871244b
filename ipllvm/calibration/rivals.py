"""This project's gate beside other rules, on the same simulated checkpoints: who passes, who alarms, when.

Each cell has a design and four truths: worse by exactly the margin of 2 points, unchanged with harmless
flips, unchanged without any, and worse by 5 points. A rule is wrong where it passes the first and where it
raises an alarm on the second or third; what it is for is the alarm on the last.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np

from ipllvm.calibration.rival_rules import RULES, Paired, Rule
from ipllvm.sampling import generator

if TYPE_CHECKING:
    from jaxtyping import Float, Int

RUNS = 2000
RHO = 0.3
Truth = Literal["at", "same", "equal", "bad"]
TRUTHS: tuple[Truth, ...] = ("at", "same", "equal", "bad")
Outcome = tuple[float, float]
"""A change of a sample's score by so much, with which probability."""


@dataclass(frozen=True, slots=True)
class RivalCell:
    """Samples in clusters, each losing or winning by a law a truth; "mix" or "beta" is how clusters agree.

    `draws` is over how many answers a score is a mean, of which two agree by 0.4.
    """

    name: str
    sizes: tuple[int, ...]
    laws: Mapping[Truth, tuple[Outcome, ...]]
    agree: str = ""
    graded: bool = False
    draws: int = 1

    def drawn(self, truth: Truth, rng: np.random.Generator) -> Paired:
        """What two checkpoints answered in one run."""
        cluster = np.repeat(np.arange(len(self.sizes)), self.sizes)
        law = self.laws[truth]
        steps, chances = np.array([[0.0, 1 - sum(p for _, p in law)], *law]).T
        values = np.stack([steps[self._kinds(chances, cluster, rng)] for _ in range(self.draws)]).mean(0)
        return Paired(np.round(values, 12), cluster, 0.0 if self.graded else 1 / self.draws)

    def _kinds(
        self,
        chances: "Float[np.ndarray, 'kinds']",
        cluster: "Int[np.ndarray, 'samples']",
        rng: np.random.Generator,
    ) -> "Int[np.ndarray, 'samples']":
        """Which change happens to each sample."""
        luck = rng.random(len(cluster))
        edges = np.cumsum(chances)[:-1]
        if self.agree == "beta":
            weight = (1 - RHO) / RHO
            shares = rng.dirichlet(np.maximum(chances * weight, 1e-12), len(self.sizes))
            return np.asarray((luck[:, None] > np.cumsum(shares, axis=1)[cluster, :-1]).sum(1))
        if self.agree == "mix":
            together = rng.random(len(self.sizes))[cluster]
            luck = np.where(rng.random(len(cluster)) < np.sqrt(RHO), together, luck)
        return np.searchsorted(edges, luck, side="right")


def _binary(lost: float, won: float) -> tuple[Outcome, ...]:
    return ((1.0, lost), (-1.0, won))


_USUAL: dict[Truth, tuple[Outcome, ...]] = {
    "at": _binary(0.03, 0.01), "same": _binary(0.01, 0.01), "equal": (), "bad": _binary(0.06, 0.01),
}  # fmt: skip
_FEW: dict[Truth, tuple[Outcome, ...]] = {
    "at": _binary(0.02, 0.0), "same": _binary(0.0025, 0.0025), "equal": (), "bad": _binary(0.05, 0.0),
}  # fmt: skip
_FULL: dict[Truth, tuple[Outcome, ...]] = {**_FEW, "same": ()}
_TENTHS: dict[Truth, tuple[Outcome, ...]] = {
    "at": ((0.1, 0.05), (1.0, 0.015)), "same": ((0.1, 0.05), (-0.1, 0.05)), "equal": (),
    "bad": ((0.1, 0.05), (1.0, 0.045)),
}  # fmt: skip
_MOST_WIN: dict[Truth, tuple[Outcome, ...]] = {
    "at": ((-0.02, 0.96), (1.0, 0.0392)), "same": ((0.1, 0.10), (-0.1, 0.10)), "equal": (),
    "bad": ((0.1, 0.10), (1.0, 0.04)),
}  # fmt: skip
CELLS: tuple[RivalCell, ...] = (
    RivalCell("300 singles", (1,) * 300, _USUAL),
    RivalCell("150 pairs", (2,) * 150, _USUAL, "mix"),
    RivalCell("100 singles, few discordant", (1,) * 100, _FEW),
    RivalCell("300 singles, baseline 100 %", (1,) * 300, _FULL),
    *(
        RivalCell(f"{groups} x {size}, {agree}", (size,) * groups, _USUAL, agree)
        for (groups, size), agree in product(((150, 10), (30, 50)), ("beta", "mix"))
    ),
    RivalCell("one cluster of 750, 750 singles, mix", (750, *(1,) * 750), _USUAL, "mix"),
    RivalCell("300 singles, 5 answers each", (1,) * 300, _USUAL, draws=5),
    RivalCell("tenths, 150 singles", (1,) * 150, _TENTHS, graded=True),
    RivalCell("tenths, 300 singles", (1,) * 300, _TENTHS, graded=True),
    RivalCell("tenths, 150 x 10, mix", (10,) * 150, _TENTHS, "mix", graded=True),
    RivalCell("most win a little, 300 singles", (1,) * 300, _MOST_WIN, graded=True),
)


def measure(
    cell: RivalCell, runs: int = RUNS, rules: Mapping[str, Rule] = RULES
) -> dict[str, dict[str, float]]:
    """By rule: how often it passes at the margin and an unchanged model, and how often it alarms, in %."""
    counts = {name: dict.fromkeys(_COLUMNS, 0) for name in rules}
    for truth in TRUTHS:
        for run in range(runs):
            found = cell.drawn(truth, generator("rivals", cell.name, truth, run))
            for name, rule in rules.items():
                passes, alarm = rule(found)
                counts[name][f"pass {truth}"] += passes
                counts[name][f"alarm {truth}"] += alarm
    return {name: {each: 100 * n / runs for each, n in row.items()} for name, row in counts.items()}


_COLUMNS = tuple(f"{what} {truth}" for what in ("pass", "alarm") for truth in TRUTHS)
