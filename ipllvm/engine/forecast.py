"""What a plan will cost, told before any weight is read: trials, passes, tokens, time, memory."""

import time
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import astuple, dataclass, field, replace
from math import ceil
from statistics import fmean
from typing import Any

from ipllvm.engine import batch_policy
from ipllvm.engine.holding import held
from ipllvm.engine.plan import Plan
from ipllvm.engine.prompt_length import require_fitting
from ipllvm.models.base import Prepared, VisionLanguageModel
from ipllvm.models.capacity import ITEMSIZE, MOST, UNKNOWN, SampleCost
from ipllvm.records import LayerPerturbation, Sample, Stage

LOOKED_AT = 8
"""Samples whose prompts stand for all."""
LETTERS = 4
"""Of a token, as English has it."""
AROUND = 14
"""Calls of modules that take as long as what Python does around a trial, timed on tiny models."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What takes time: `products` of numbers, `calls` of modules, and seconds of preparing pictures."""

    products: float = 0.0
    calls: float = 0.0
    prepared: float = 0.0

    def __add__(self, other: "Effort") -> "Effort":
        return Effort(
            self.products + other.products, self.calls + other.calls, self.prepared + other.prepared
        )

    def seconds(self, rate: float, call: float) -> float:
        """At two operations a product, `rate` operations a second, and so many seconds a call."""
        return 2 * self.products / rate + call * self.calls + self.prepared


@dataclass(frozen=True, slots=True)
class Forecast:
    """Trials; `passes` of the whole decoder that they amount to, where a naive run makes one a trial
    and runs the tower each time; `tokens` of prompts through the decoder; pictures through the tower, at
    most; the numbers that the largest batch of the decoder `holds` in memory, weights not counted, and the
    bytes of weights that are `stored` quantised. `work` is what it takes where answers are as long as the
    benchmark's, `most` where all run to their limit.
    """

    trials: int = 0
    passes: float = 0.0
    tokens: int = 0
    pictures: int = 0
    holds: int = 0
    stored: int = 0
    work: Effort = field(default_factory=Effort)
    most: Effort = field(default_factory=Effort)

    def __add__(self, other: "Forecast") -> "Forecast":
        return Forecast(
            self.trials + other.trials,
            self.passes + other.passes,
            self.tokens + other.tokens,
            self.pictures + other.pictures,
            max(self.holds, other.holds),
            max(self.stored, other.stored),
            self.work + other.work,
            self.most + other.most,
        )

    def __str__(self) -> str:
        naive = f" (naively {self.trials:,})" if round(self.passes) < self.trials else ""
        return (
            f"{self.trials:,} trials, {self.passes:,.0f} forward passes{naive}, {self.tokens:,} tokens, "
            f"{self.pictures:,} pictures encoded"
        )


def cost(model: VisionLanguageModel, plan: Plan, batch_size: int | None = None) -> Forecast:
    """The cost of a plan, from the prompts of a few samples; in batches of 32 where no size is given."""
    prompts = PromptSizes.of(model, plan.samples)
    layers = {p.layer for p in plan.perturbations if isinstance(p, LayerPerturbation)}
    clean = prompts.run() * len(plan.samples) if layers else 0.0
    deep = model.layers() if layers else 1
    costs = [_one(p, plan, prompts, deep) for p in plan.perturbations]
    passed = Forecast(passes=clean / prompts.positions, tokens=round(clean))
    found = total([passed, *costs])
    holds = held(model.footprint, prompts, plan, len(layers), batch_size or MOST, found.pictures)
    size, limit = batch_size or MOST, plan.max_new_tokens
    passes = ceil(len(plan.samples) / size) if layers else 0
    batches = passes + sum(ceil(each.trials / size) for each in costs)
    pixels = [p for p in plan.perturbations if p.stage is Stage.PIXELS]
    prepares = found.pictures if prompts.worded else len(plan.samples) * sum(map(plan.draws_of, pixels))
    prepared = prompts.seconds * prepares
    works = [
        _work(found, prompts, batches, size, tokens, prepared)
        for tokens in (min(prompts.answer, limit), limit)
    ]
    return replace(found, holds=holds, stored=model.stored, work=works[0], most=works[1])


def _work(
    found: Forecast, prompts: "PromptSizes", batches: int, size: int, answer: int, prepared: float
) -> Effort:
    """What trials take that are answered in batches, in so many tokens each."""
    one = prompts.cost
    spoken, behind = found.trials * (answer - 1), one.reach * prompts.positions
    products = found.tokens * (one.position + behind / 2) + spoken * (one.position + behind)
    calls = answer * batches * one.calls + ceil(found.pictures / size) * one.tower_calls
    return Effort(products + found.pictures * one.pictures, calls + AROUND * found.trials, prepared)


def total(costs: Iterable[Forecast]) -> Forecast:
    """All of them together."""
    return sum(costs, Forecast())


@dataclass(frozen=True, slots=True)
class PromptSizes:
    """What prompts are like: positions, visual tokens and words behind the picture on average, the longest,
    how many pictures go through the tower for the clean run, and which share of the samples begins with a
    picture that the one before did not show; what a sample costs, how many `seconds` it takes to be prepared,
    whether another question about its picture needs the processor no more (`worded`), how many tokens
    answers have in the benchmark, and how many `masks` a batch has, one for each kind of layer where they
    differ.
    """

    positions: float
    visual: float
    behind: float
    longest: int
    pictures: int
    anew: float
    cost: SampleCost = UNKNOWN
    seconds: float = 0.0
    worded: bool = True
    answer: int = 1
    masks: int = 0

    @property
    def shares(self) -> bool:
        """Whether prompts about one picture stand in one row."""
        return self.run() < self.positions

    def run(self, visual: float = 1.0) -> float:
        """Positions that a trial adds, with so many of its visual tokens left, where rows are shared."""
        begun = self.positions - self.behind - self.visual * (1 - visual)
        apart, sharing = begun + self.behind, self.anew * begun + self.behind
        return sharing if batch_policy.sharing_pays(sharing, apart) else apart

    @classmethod
    def of(cls, model: VisionLanguageModel, samples: Sequence[Sample]) -> "PromptSizes":
        """Looks at samples that lie at equal distances; raises NotMeasured where prompts do not fit."""
        require_fitting(model, samples)
        some = samples[:: -(-len(samples) // LOOKED_AT)]
        began = time.thread_time()
        made = [model.prepare([source.load() for source in s.images], s.prompt) for s in some]
        seconds = (time.thread_time() - began) / len(some)
        visual = fmean(int(each.visual.sum()) for each in made)
        a_picture = ITEMSIZE * visual * (model.footprint.state if model.footprint else 0)
        lengths = [len(each.input_ids) for each in made]
        behind = fmean(_behind(each) for each in made) if model.supports_shared_rows else fmean(lengths)
        pictures = _encoded(samples, batch_policy.ENCODED_BYTES / max(1, a_picture))
        costs = [astuple(model.cost(one)) for one in made]
        mean = SampleCost(*map(fmean, zip(*costs, strict=True)))
        letters = max(len(sample.answer) for sample in samples)
        found = cls(
            positions=fmean(lengths),
            visual=visual,
            behind=behind,
            longest=max(lengths),
            pictures=pictures,
            anew=_anew(samples),
            cost=mean,
            seconds=seconds,
            worded=model.with_prompt(made[0], some[0].prompt) is not None,
            answer=1 + ceil(letters / LETTERS),
        )
        return replace(found, masks=_masks(model, found))


def _masks(model: VisionLanguageModel, prompts: PromptSizes) -> int:
    """How many masks a batch has: one for each kind of layer where these see otherwise, one where rows are
    shared.
    """
    near = min(model.windows.values(), default=prompts.longest) < prompts.longest
    if near or not getattr(model, "IN_ORDER", True):
        return max(1, len(model.kinds))
    return int(prompts.shares)


def _behind(prepared: Prepared) -> int:
    """Positions behind the picture."""
    visual = prepared.visual.nonzero()
    return len(prepared.input_ids) - (int(visual[-1]) + 1 if len(visual) else 0)


def _anew(samples: Sequence[Sample]) -> float:
    """The share of samples whose cluster is not that of the one before."""
    clusters = [sample.cluster for sample in samples]
    return sum(a != b for a, b in zip(clusters, ["", *clusters[:-1]], strict=True)) / len(samples)


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


def _one(perturbation: Any, plan: Plan, prompts: PromptSizes, layers: int) -> Forecast:
    trials = len(plan.samples) * plan.draws_of(perturbation)
    tokens, seen = trials * prompts.run(perturbation.share), 0
    if perturbation.stage is Stage.HIDDEN_STATES:
        tokens *= (layers - perturbation.layer) / layers
    elif perturbation.stage is Stage.PIXELS:
        seen = round(trials * prompts.anew) if perturbation.random else prompts.pictures
    return Forecast(trials, tokens / prompts.positions, round(tokens), seen)
