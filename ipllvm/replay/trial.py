"""One trial answered again: sample, perturbation and draw, as the engine answered it in a run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from PIL import Image

from ipllvm.artifacts import Artifacts, Provider
from ipllvm.engine.plan import Plan, PlannedTrial
from ipllvm.engine.run import Outcomes, run
from ipllvm.engine.scoring import grade
from ipllvm.engine.visualization import Depiction, draw_trial
from ipllvm.errors import NotMeasured, UsageError
from ipllvm.models.base import VisionLanguageModel
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Benchmark, Perturbation, Response, Sample
from ipllvm.scorers.base import Grading

UNASKED = Response("")


@dataclass(frozen=True)
class Single:
    """One trial of a benchmark, and how it is answered."""

    model: VisionLanguageModel
    benchmark: Benchmark
    sample: Sample
    perturbation: Perturbation
    draw: int
    seed: int
    answer: str = "generate"
    artifacts: Artifacts | None = None
    grading: Grading = field(default_factory=Grading)

    @cached_property
    def _plan(self) -> Plan:
        perturbations = tuple(dict.fromkeys((Clean(), self.perturbation)))
        length = self.benchmark.max_new_tokens
        return Plan((self.sample,), perturbations, self.draw + 1, self.seed, length, self.answer)

    def case(self) -> PlannedTrial:
        """The trial as the engine runs it; raises UsageError for a draw that there can't be."""
        cases = self._plan.cases([self.sample], self.perturbation)
        if self.draw >= len(cases):
            raise UsageError(f"{self.perturbation} is not random: its only draw is 0, not {self.draw}")
        return cases[self.draw]

    def answers(self) -> tuple[str, str]:
        """What the model says to the clean input and to the perturbed one; raises NotMeasured.

        Earlier draws are not answered.
        """
        last, plan = self.case().trial, self._plan
        before = plan.cases([self.sample], self.perturbation)[: self.draw]
        outcomes: Outcomes = {case.trial: UNASKED for case in before}
        run(self.model, plan, 1, outcomes, lambda done: None, self.artifacts)
        clean = plan.trial(self.sample, plan.perturbations[0], 0)
        return _said(outcomes[clean]), _said(outcomes[last])

    def graded(self, text: str) -> str:
        """What the scorer makes of an answer, in words."""
        found = grade(self.grading.of(self.benchmark), text, self.sample)
        if isinstance(found, str):
            return f"no score: {found}"
        read = "unread" if found.answer is None else f"read as {found.answer!r}"
        return f"{read}, score {found.value:g}"

    def pictures(self, side: int) -> Depiction | None:
        """The clean picture and what the perturbation does to it, none larger than `side` px."""
        return draw_trial(self.model, self.case(), side, self.artifacts)


def _said(response: Response) -> str:
    if response.error is not None:
        raise NotMeasured(f"the model failed: {response.error.strip().splitlines()[-1]}")
    return response.text


class Kept:
    """A provider by its identity alone: it is made only for what the folder of artifacts has not kept."""

    def __init__(self, identity: str, make: Callable[[], Provider]) -> None:
        self.identity = identity
        self._make = make

    @cached_property
    def _provider(self) -> Provider:
        made = self._make()
        if made.identity != self.identity:
            raise UsageError(f"the report's pictures are of {self.identity}, here there is {made.identity}")
        return made

    def of(self, image: Image.Image) -> np.ndarray:
        """What the provider makes of an image; raises UsageError where it is another one."""
        return self._provider.of(image)
