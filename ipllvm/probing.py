"""A model with a handful of samples: what the laws of token perturbations are checked on."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ipllvm.engine.decoding import Tokens
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Outcomes, run
from ipllvm.errors import ClaimViolated, NotMeasured
from ipllvm.laws import refute
from ipllvm.models.base import VisionLanguageModel
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Benchmark, Layout, Perturbation, Sample

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Case = TypeVar("Case")
BIG = 1_000_000_000
SAMPLES = 4


class Probe:
    """Answers of `model` to the first few samples of `benchmark`, as exact token ids."""

    def __init__(self, model: VisionLanguageModel, benchmark: Benchmark, seed: int) -> None:
        self.model = model
        self.benchmark = benchmark
        self.samples = benchmark.samples[:SAMPLES]
        self.seed = seed
        self.looks = 3 if model.info().parameters >= BIG else 20

    def plan(self, samples: tuple[Sample, ...], *perturbations: Perturbation, draws: int = 1) -> Plan:
        """The clean run and `perturbations` on `samples`."""
        return Plan(samples, (Clean(), *perturbations), draws, self.seed, self.benchmark.max_new_tokens)

    def answers(self, perturbation: Perturbation | None = None) -> list[Tokens]:
        """Token ids of each sample's answer; raises NotMeasured where a sample fails."""
        chosen = perturbation or Clean()
        plan = self.plan(self.samples, *([perturbation] if perturbation else []))
        outcomes: Outcomes = {}
        run(self.model, plan, SAMPLES, outcomes, lambda done: None)
        responses = [outcomes[case.trial] for case in plan.cases(self.samples, chosen)]
        for response in responses:
            if response.error is not None:
                raise NotMeasured(response.error.strip().splitlines()[-1])
        return [response.tokens for response in responses]

    @cached_property
    def clean(self) -> list[Tokens]:
        """The unperturbed answers."""
        return self.answers()

    def difference(self, perturbation: Perturbation) -> str | None:
        """Which answer `perturbation` changes, in words; None where it changes none."""
        for sample, before, after in zip(self.samples, self.clean, self.answers(perturbation), strict=True):
            if before != after:
                texts = f"{self.model.text(before)!r} -> {self.model.text(after)!r}"
                return f"{perturbation} changes the answer to {sample.id}: {texts}"
        return None

    def layout(self, sample: Sample) -> Layout:
        """Where the visual tokens of a sample come from."""
        images = [source.load() for source in sample.images]
        return self.model.layout(self.model.prepare(images, sample.prompt))

    @cached_property
    def picture_tokens(self) -> int:
        """The fewest picture tokens that a sample has."""
        return min(int(np.count_nonzero(~self.layout(sample).newline)) for sample in self.samples)

    @cached_property
    def _orders(self) -> dict[str, list[int]]:
        return self._drawn(SAMPLES, list(range(len(self.samples))))

    def _drawn(self, size: int, order: list[int]) -> dict[str, list[int]]:
        """The permutation that a run draws for each sample, by batch size and order of samples."""
        permutation = Permutation()
        plan = self.plan(tuple(self.samples[i] for i in order), permutation)
        return {
            case.sample.id: permutation.order(self.layout(case.sample), case.rng()).tolist()
            for chunk in plan.chunks(size)
            for case in plan.cases(chunk, permutation)
        }

    def orders_differ(self, size: int, order: list[int]) -> str | None:
        """What another batch size or order changes in a draw, in words; None where nothing."""
        drawn = self._drawn(size, order)
        for sample in self.samples:
            newline = self.layout(sample).newline
            kept = np.flatnonzero(newline)
            if drawn[sample.id] != self._orders[sample.id]:
                return f"batches of {size} in order {order} draw another permutation for {sample.id}"
            if not np.array_equal(np.array(drawn[sample.id])[kept], kept):
                return f"the permutation of {sample.id} moves newline positions"
            if sorted(drawn[sample.id]) != list(range(len(newline))):
                return f"the permutation of {sample.id} loses tokens"
        return None

    def hold(self, law: Callable[[Case], str | None], cases: "SearchStrategy[Case]") -> None:
        """Raise ClaimViolated with the smallest counterexample, if there is one."""
        broken = refute(law, cases, self.looks)
        if broken is not None:
            raise ClaimViolated(f"law broken: {broken} (model {self.model.name}, seed {self.seed})")
