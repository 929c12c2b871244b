"""What a plan will cost, told before any weight is read: trials, passes, tokens, time, memory."""

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from ipllvm.engine.plan import Plan
from ipllvm.engine.seeing import ROOM
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.capacity import MOST, Footprint
from ipllvm.records import LayerPerturbation, Sample, Stage

LOOKED_AT = 8
"""Samples whose prompts stand for all."""
ITEMSIZE = 4
"""Bytes of a number, at most."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Trials; `passes` of the whole decoder that they amount to, where a naive run makes one a trial
    and runs the tower each time; `tokens` through the decoder; pictures through the tower, at most; and
    the numbers that the largest batch of the decoder `holds` in memory, weights not counted.
    """

    trials: int = 0
    passes: float = 0.0
    tokens: int = 0
    pictures: int = 0
    holds: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.trials + other.trials,
            self.passes + other.passes,
            self.tokens + other.tokens,
            self.pictures + other.pictures,
            max(self.holds, other.holds),
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


def cost(model: VisionLanguageModel, plan: Plan, batch_size: int | None = None) -> Cost:
    """The cost of a plan, from the prompts of a few samples; in batches of 32 where no size is given."""
    prompts = PromptSizes.of(model, plan.samples)
    layers = {p.layer for p in plan.perturbations if isinstance(p, LayerPerturbation)}
    clean = len(plan.samples) if layers else 0
    costs = [_one(p, plan, prompts, model.layers()) for p in plan.perturbations]
    passed = Cost(passes=clean, tokens=round(clean * prompts.positions))
    holds = _holds(model.footprint, prompts.longest, plan, len(layers), batch_size or MOST)
    return replace(total([passed, *costs]), holds=holds)


def total(costs: Iterable[Cost]) -> Cost:
    """All of them together."""
    return sum(costs, Cost())


@dataclass(frozen=True, slots=True)
class PromptSizes:
    """What prompts are like: positions and visual tokens on average, the longest, and how many pictures
    go through the tower for the clean run.
    """

    positions: float
    visual: float
    longest: int
    pictures: int

    @classmethod
    def of(cls, model: VisionLanguageModel, samples: Sequence[Sample]) -> "PromptSizes":
        """Looks at samples that lie at equal distances."""
        some = samples[:: -(-len(samples) // LOOKED_AT)]
        made = [model.prepare([source.load() for source in s.images], s.prompt) for s in some]
        visual = fmean(int(each.visual.sum()) for each in made)
        a_picture = ITEMSIZE * visual * (model.footprint.state if model.footprint else 0)
        lengths = [len(each.input_ids) for each in made]
        return cls(fmean(lengths), visual, max(lengths), _encoded(samples, ROOM / max(1, a_picture)))


def _encoded(samples: Sequence[Sample], room: float) -> int:
    """How often a picture is not among the last `room` ones used."""
    kept: OrderedDict[Any, None] = OrderedDict()
    count = 0
    for source in (sample.images[0] for sample in samples if sample.images):
        key = source if isinstance(source, Hashable) else id(source)
        count += key not in kept
        kept[key] = None
        kept.move_to_end(key)
        if len(kept) > room:
            kept.popitem(last=False)
    return count


def _one(perturbation: Any, plan: Plan, prompts: PromptSizes, layers: int) -> Cost:
    trials = len(plan.samples) * plan.draws_of(perturbation)
    share, seen = 1.0, 0
    if perturbation.stage is Stage.HIDDEN_STATES:
        share = (layers - perturbation.layer) / layers
    elif hasattr(perturbation, "share"):
        share = 1 - prompts.visual * (1 - perturbation.share) / prompts.positions
    elif perturbation.stage is Stage.PIXELS:
        seen = trials if perturbation.random else prompts.pictures
    return Cost(trials, share * trials, round(share * trials * prompts.positions), seen)


def _holds(footprint: Footprint | None, positions: int, plan: Plan, layers: int, size: int) -> int:
    """The numbers that a batch of trials holds, with the clean pass that trials at layers start from."""
    if footprint is None:
        return 0
    trials, samples = min(size, len(plan)), min(size, len(plan.samples))
    return positions * (trials * footprint.prompt + samples * footprint.kept(layers))
