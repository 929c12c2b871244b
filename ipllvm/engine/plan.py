"""Which trials a property needs, in the order in which they are run."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ipllvm.perturbations.code import identity_of
from ipllvm.records import Perturbation, Sample, Trial
from ipllvm.sampling import Key, generator

FIRST = 8
"""So many of the first samples are asked before a run: what is found is that of all that begin with them."""


@dataclass(frozen=True, slots=True)
class PlannedTrial:
    """A trial with the sample and the perturbation that it names."""

    trial: Trial
    sample: Sample
    perturbation: Perturbation
    seed: int

    @property
    def drawn(self) -> tuple[Key, ...]:
        """What names this draw: samples of one cluster share it, so that questions about one picture
        are asked about the same perturbed picture.

        A perturbation may name by `seed_key` what it shares with others in place of its printed form.
        """
        return self.seed, self.sample.cluster, self.perturbation.seed_key, self.trial.draw

    def rng(self) -> np.random.Generator:
        """The generator of this draw, fixed by content and never by call order."""
        return generator(*self.drawn)


@dataclass(frozen=True, slots=True)
class Plan:
    """Samples x perturbations x draws; a perturbation without randomness has one draw.

    The first perturbation is the clean run: the others restart from its checkpoints and take its
    answers as drafts. `answer` is generate or likelihood.
    """

    samples: tuple[Sample, ...]
    perturbations: tuple[Perturbation, ...]
    draws: int
    seed: int
    max_new_tokens: int
    answer: str = "generate"

    @property
    def without_clean(self) -> "Plan":
        """All but the clean run, which another plan of the same samples has; to be counted, not run."""
        return replace(self, perturbations=self.perturbations[1:])

    def part(self, samples: Iterable[Sample]) -> "Plan":
        """The same of some of its samples."""
        return replace(self, samples=tuple(samples))

    def draws_of(self, perturbation: Perturbation) -> int:
        """How many draws this perturbation is given."""
        return self.draws if perturbation.random else 1

    def trial(self, sample: Sample, perturbation: Perturbation, draw: int) -> Trial:
        """The trial of one sample; without randomness the seed is no part of it."""
        return Trial(sample.id, identity_of(perturbation), draw, self.seed if perturbation.random else 0)

    def cases(self, samples: Sequence[Sample], perturbation: Perturbation) -> list[PlannedTrial]:
        """The trials of some samples under one perturbation."""
        named = self._named(samples, perturbation)
        return [PlannedTrial(trial, sample, perturbation, self.seed) for trial, sample in named]

    def _named(self, samples: Sequence[Sample], perturbation: Perturbation) -> Iterator[tuple[Trial, Sample]]:
        name, seed = identity_of(perturbation), self.seed if perturbation.random else 0
        draws = range(self.draws_of(perturbation))
        return ((Trial(sample.id, name, draw, seed), sample) for sample in samples for draw in draws)

    @property
    def names(self) -> list[str]:
        """What its perturbations are known by, in their order."""
        return [identity_of(perturbation) for perturbation in self.perturbations]

    def trials(self) -> Iterator[Trial]:
        """Every trial."""
        for perturbation in self.perturbations:
            yield from (trial for trial, _ in self._named(self.samples, perturbation))

    def __len__(self) -> int:
        return len(self.samples) * sum(self.draws_of(p) for p in self.perturbations)
