"""What stands beside a claim in its row of the report."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ipllvm.records import Benchmark, Contrast, Estimate, Perturbation, Scores, Series


def asked(ids: Collection[str], data: Benchmark) -> dict[str, str]:
    """What a row says of a claim that is about the samples of these ids alone."""
    return {"asked": f"{len(ids):,} of {len(data.samples):,} questions"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What a reader of a result sees beside the claim; none of it decides.

    `scores` are printed by name ("clean", "blank", and first of the others the perturbed one), `beside` other
    contrasts and estimates, `series` curves and maps, or what makes them: then they are made for the row
    alone and not at every look of a sequential run. `noted` is what the row says among its settings, `terms`
    the contrasts that statements over several results are made of. Where a test makes several claims,
    `about` says which perturbations this one is about: answers that changed are shown of those.
    """

    scores: Mapping[str, Scores]
    beside: Mapping[str, Contrast | Estimate] = field(default_factory=dict)
    series: Sequence[Series] | Callable[[], Sequence[Series]] = ()
    noted: Mapping[str, str] = field(default_factory=dict)
    terms: Mapping[str, Contrast] = field(default_factory=dict)
    about: Callable[[Perturbation], bool] | None = None

    @property
    def drawn(self) -> Sequence[Series]:
        """The curves and maps."""
        return self.series() if callable(self.series) else self.series

    def with_gain(self, gain: Contrast | None) -> "Shown":
        """With what there is to lose among the terms, where a claim asks for that."""
        from ipllvm.verdicts.guard import GAIN  # collection imports no statistics

        return self if gain is None else replace(self, terms={**self.terms, GAIN: gain})
