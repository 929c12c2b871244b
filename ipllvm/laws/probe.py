"""A model with a handful of samples: what the laws of token perturbations are checked on."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, ClassVar, TypeVar

import numpy as np

from ipllvm.benchmarks.images import EncodedImage
from ipllvm.engine.packing import Tokens
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Outcomes, run
from ipllvm.errors import ClaimViolated, NotMeasured, NotTested
from ipllvm.laws.refute import refute
from ipllvm.models.base import VisionLanguageModel
from ipllvm.perturbations.base import Base
from ipllvm.perturbations.code import identity_of
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Clean
from ipllvm.perturbations.untouched import Untouched
from ipllvm.records import Benchmark, ImageSource, Layout, Perturbation, Sample, Stage

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy
    from jaxtyping import Float
    from torch import Tensor

Case = TypeVar("Case")
BIG = 1_000_000_000
SAMPLES = 4


@dataclass(frozen=True, slots=True)
class Recorder(Base):
    """A permutation that keeps what it was given and the order that it drew."""

    inner: Permutation
    seen: "list[tuple[Tensor, Layout, list[int]]]" = field(default_factory=list, compare=False)
    random: ClassVar[bool] = True

    @property
    def stage(self) -> Stage:
        """Where the permutation acts."""
        return self.inner.stage

    def __str__(self) -> str:
        return str(self.inner)

    def apply(
        self, value: "Float[Tensor, 'tokens hidden']", layout: Layout | None, rng: np.random.Generator
    ) -> "Float[Tensor, 'tokens hidden']":
        """What the permutation makes of `value` [tokens, hidden]; raises TypeError without a layout."""
        if layout is None:
            raise TypeError("packed tokens are permuted by their layout")
        order = self.inner.order(layout, rng)
        self.seen.append((value, layout, order.tolist()))
        return value[order]


class Probe:
    """Answers of `model` to a few samples of `benchmark`, each with its own image, as token ids."""

    def __init__(self, model: VisionLanguageModel, benchmark: Benchmark, seed: int) -> None:
        self.model = model
        self.benchmark = benchmark
        firsts = {sample.cluster: sample for sample in reversed(benchmark.samples)}
        self.samples = tuple(reversed(firsts.values()))[:SAMPLES]
        self.seed = seed
        self.queries = 3 if model.info().parameters >= BIG else 20

    def _run(self, samples: tuple[Sample, ...], size: int, *perturbations: Perturbation) -> Outcomes:
        """Outcomes of the clean run and of `perturbations`; raises NotMeasured where a sample fails."""
        plan = Plan(samples, (Clean(), *perturbations), 1, self.seed, self.benchmark.max_new_tokens)
        outcomes: Outcomes = {}
        run(self.model, plan, size, outcomes, lambda done: None)
        for trial, response in outcomes.items():
            if response.error is not None:
                raise NotMeasured(f"{trial.sample}: {response.error.strip().splitlines()[-1]}")
        return outcomes

    def answers(
        self, perturbation: Perturbation, samples: tuple[Sample, ...] | None = None
    ) -> dict[str, Tokens]:
        """Token ids by sample, of the probe's own unless others are given."""
        outcomes = self._run(self.samples if samples is None else samples, SAMPLES, perturbation)
        own = identity_of(perturbation)
        return {t.sample: r.tokens for t, r in outcomes.items() if t.perturbation == own}

    @cached_property
    def untouched(self) -> dict[str, Tokens]:
        """The answers where the visual tokens are left alone."""
        return self.answers(Untouched())

    @cached_property
    def clean(self) -> dict[str, Tokens]:
        """The answers to the pictures as they are."""
        return self.answers(Clean())

    def difference(self, perturbation: Perturbation) -> str | None:
        """Which answer `perturbation` of tokens or layers changes, in words; None where it changes none."""
        return self._against(self.untouched, self.answers(perturbation), str(perturbation))

    def changed(self, perturbation: Perturbation) -> str | None:
        """Which answer `perturbation` of the picture changes, in words; None where it changes none."""
        return self._against(self.clean, self.answers(perturbation), str(perturbation))

    def otherwise(self, samples: tuple[Sample, ...], how: str) -> str | None:
        """Which of its answers is another one when its samples are asked as these, in words, or None."""
        return self._against(self.clean, self.answers(Clean(), samples), how)

    def _against(self, former: dict[str, Tokens], answers: dict[str, Tokens], how: str) -> str | None:
        for sample, after in answers.items():
            before = former[sample]
            if before != after:
                texts = f"{self.model.text(before)!r} -> {self.model.text(after)!r}"
                return f"{how} changes the answer to {sample}: {texts}"
        return None

    @staticmethod
    def copied(sample: Sample) -> Sample:
        """The sample with its pictures in other files, pixel by pixel the same."""
        return replace(sample, images=tuple(_in_another_file(image) for image in sample.images))

    def visual_tokens(self, sample: Sample) -> int:
        """How many visual tokens a question takes; raises NotTested where it has too many pictures."""
        try:
            prepared = self.model.prepare([image.load() for image in sample.images], sample.prompt)
        except ValueError as error:
            raise NotTested(f"{self.model.name} can't be asked so: {error}") from error
        return int(prepared.visual.sum())

    @cached_property
    def picture_tokens(self) -> int:
        """The fewest picture tokens that a sample has."""
        return min(int(np.count_nonzero(~layout.newline)) for _, layout, _ in self._orders.values())

    @cached_property
    def _orders(self) -> "dict[str, tuple[Tensor, Layout, list[int]]]":
        """Visual tokens, layout and drawn order of each sample answered alone, in its turn."""
        found = {}
        for sample in self.samples:
            recorder = Recorder(Permutation())
            self._run((sample,), 1, recorder)
            found[sample.id] = recorder.seen[0]
        return found

    def orders_differ(self, size: int, order: list[int]) -> str | None:
        """What batches of `size` in another order change in a draw, in words; None where nothing.

        The engine itself is run; a recorded draw belongs to the sample whose tokens it was given, or to one
        of those that have the same.
        """
        recorder = Recorder(Permutation())
        self._run(tuple(self.samples[i] for i in order), size, recorder)
        for value, layout, drawn in recorder.seen:
            far = {name: self._distance(name, value) for name in self._orders}
            nearest = min(far.values())
            twins = [name for name in far if far[name] == nearest]
            sample = next((name for name in twins if drawn == self._orders[name][2]), twins[0])
            kept = np.flatnonzero(layout.newline)
            if drawn != self._orders[sample][2]:
                return f"batches of {size} in order {order} draw another permutation for {sample}"
            if not np.array_equal(np.array(drawn)[kept], kept):
                return f"the permutation of {sample} moves newline positions"
            if sorted(drawn) != list(range(len(layout))):
                return f"the permutation of {sample} loses tokens"
        return None if len(recorder.seen) == len(order) else "a sample was not permuted"

    def _distance(self, sample: str, value: "Tensor") -> float:
        reference = self._orders[sample][0]
        if reference.shape != value.shape:
            return float("inf")
        return float((reference.float() - value.float()).abs().max())

    def hold(
        self,
        law: Callable[[Case], str | None],
        cases: "SearchStrategy[Case]",
        queries: int | None = None,
    ) -> None:
        """Raise ClaimViolated with the smallest counterexample, if there is one.

        At most `queries` cases are drawn where fewer than usual do.
        """
        broken = refute(law, cases, self.queries if queries is None else min(queries, self.queries))
        if broken is not None:
            raise ClaimViolated(f"law broken: {broken} (model {self.model.name}, seed {self.seed})")


def _in_another_file(image: ImageSource) -> EncodedImage:
    stream = BytesIO()
    image.load().save(stream, "PNG")
    return EncodedImage("copy.png", stream.getvalue())
