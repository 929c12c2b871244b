"""What a plan will cost, told before any weight is read: trials, passes, tokens, time, memory."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ipllvm.engine.plan import Plan
from ipllvm.models.base import VisionLanguageModel
from ipllvm.records import Stage


@dataclass(frozen=True, slots=True)
class Cost:
    """Trials; `passes` of the whole decoder that they amount to, where a naive run makes one a trial
    and runs the tower each time; `tokens` through the decoder; pictures through the tower.
    """

    trials: int = 0
    passes: float = 0.0
    tokens: int = 0
    pictures: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.trials + other.trials,
            self.passes + other.passes,
            self.tokens + other.tokens,
            self.pictures + other.pictures,
        )

    def seconds(self, parameters: int, rate: float) -> float:
        """At two operations a parameter and token, `rate` operations a second."""
        return 2 * parameters * self.tokens / rate

    def __str__(self) -> str:
        naive = f" (naively {self.trials:,})" if round(self.passes) < self.trials else ""
        return (
            f"{self.trials:,} trials, {self.passes:,.0f} forward passes{naive}, {self.tokens:,} tokens, "
            f"{self.pictures:,} pictures encoded"
        )


def cost(model: VisionLanguageModel, plan: Plan) -> Cost:
    """The cost of a plan, from the prompt of its first sample."""
    first = plan.samples[0]
    prepared = model.prepare([source.load() for source in first.images], first.prompt)
    positions, visual = len(prepared.input_ids), int(prepared.visual.sum())
    distinct = len({id(sample.images[0]) for sample in plan.samples if sample.images})
    costs = (_one(p, plan, model.layers(), positions, visual, distinct) for p in plan.perturbations)
    return total(costs)


def total(costs: Iterable[Cost]) -> Cost:
    """All of them together."""
    return sum(costs, Cost())


def _one(perturbation: Any, plan: Plan, layers: int, positions: int, visual: int, pictures: int) -> Cost:
    trials = len(plan.samples) * plan.draws_of(perturbation)
    share, seen = 1.0, 0
    if perturbation.stage is Stage.HIDDEN_STATES:
        share = (layers - perturbation.layer) / layers
    elif hasattr(perturbation, "share"):
        share = (positions - visual * (1 - perturbation.share)) / positions
    elif perturbation.stage is Stage.PIXELS:
        seen = pictures if perturbation is plan.perturbations[0] else trials
    return Cost(trials, share * trials, round(share * trials * positions), seen)
