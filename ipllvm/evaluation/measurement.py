"""What a property test measures: plans made and run, their scores, and what each call counted."""

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

from ipllvm.artifacts import Artifacts
from ipllvm.engine.context import Context
from ipllvm.engine.executors.base import Executor
from ipllvm.engine.plan import Plan
from ipllvm.engine.requirements import Known, require, require_whole
from ipllvm.engine.scoring import probabilities_of, scores_of
from ipllvm.errors import StoreFailed
from ipllvm.evaluation.flips import Trace
from ipllvm.evaluation.origins import Origins
from ipllvm.evaluation.probability import Probabilities
from ipllvm.evaluation.schedules import Fixed
from ipllvm.evaluation.settings import Settings
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Benchmark, NeedsArtifact, Perturbation, Response, Scores, Trial
from ipllvm.scorers.base import Grading

if TYPE_CHECKING:
    from ipllvm.models.base import VisionLanguageModel

Memory = Callable[[Context], MutableMapping[Trial, Response]]
"""The known outcomes of a model on a benchmark: a view of the store, or a dict."""


class Progress(Protocol):
    """Called after each step of a measurement with the number of trials done and of all."""

    def __call__(self, done: int, total: int) -> None:
        """Report progress, if it is time to."""
        ...


@dataclass(slots=True)
class MeasuredCall:
    """What one call of a test has measured on `data`; the next call begins anew.

    `trials` have an outcome of the `planned` ones; a trace is a measurement that examples are taken from,
    and a variant one of the questions put in another way. Perturbations are in their printed form,
    `providers` are who made what they need, by kind.
    """

    data: Benchmark
    trials: int = 0
    planned: int = 0
    origins: Origins = field(default_factory=Origins)
    perturbations: list[str] = field(default_factory=list)
    providers: dict[str, str] = field(default_factory=dict)
    traces: list[Trace] = field(default_factory=list)
    variants: list[Trace] = field(default_factory=list)

    def settings(self) -> dict[str, str]:
        """What a row says of where its outcomes come from."""
        return {**self.providers, **self.origins.settings(self.trials)}


class Measurement:
    """Runs the plans of one test on a model; `planned` is the benchmark that the test is to see in the end.

    `call` is what the present call has measured. Once `stopped`, by an interrupt or a full disk, nothing
    more is run, and all that is asked for is what was measured by then.
    """

    def __init__(
        self,
        model: "VisionLanguageModel",
        planned: Benchmark,
        settings: Settings,
        schedule: Fixed,
        grading: Grading,
        memory: Memory,
        progress: Progress,
        artifacts: Artifacts | None,
        executor: Executor,
    ) -> None:
        self.model, self.planned, self.settings = model, planned, settings
        self.schedule, self.grading, self.executor = schedule, grading, executor
        self.artifacts = artifacts
        self.probabilities = Probabilities()
        self.call = MeasuredCall(planned)
        self.stopped: KeyboardInterrupt | StoreFailed | None = None
        self._memory, self._progress = memory, progress

    @property
    def batch_size(self) -> int:
        """What was asked for, else what fits this model's memory."""
        return self.schedule.batch_size(self.settings.batch_size or self.model.batch_size())

    def plan(
        self, data: Benchmark, perturbations: Sequence[Perturbation] = (), draws: int | None = None
    ) -> Plan:
        """The trials of a clean run and of each perturbation on the samples of `data`."""
        settings, kinds = self.settings, (Clean(), *perturbations)
        draws = settings.draws if draws is None else draws
        plan = Plan(data.samples, kinds, draws, settings.seed, data.max_new_tokens, settings.answer)
        self.call.perturbations += plan.names
        require(self.model, plan.perturbations)
        needed = {each.artifact for each in plan.perturbations if isinstance(each, NeedsArtifact)}
        if self.artifacts is not None:  # with another maker of them it is another perturbation
            self.call.providers |= {kind: self.artifacts.identity(kind) for kind in sorted(needed)}
        return plan

    def scores(self, data: Benchmark, plan: Plan, counted: Plan) -> tuple[Scores, ...]:
        """Scores of all perturbations of a plan; the trials of `counted` are the row's."""
        plan, outcomes = self._run(data, plan, counted)
        if self.probabilities.reading:
            return tuple(probabilities_of(plan, p, outcomes) for p in plan.perturbations)
        scorer = self.grading.of(data)
        found = tuple(scores_of(plan, p, scorer, outcomes) for p in plan.perturbations)
        self._require_whole(plan, outcomes)
        self.call.traces.append(Trace(plan, outcomes, found, scorer))
        return found

    def clean(self, data: Benchmark, plan: Plan) -> Scores:
        """How well the model does, unperturbed, on another benchmark."""
        plan, outcomes = self._run(data, plan, plan)
        scorer = self.grading.of(data)
        found = scores_of(plan, plan.perturbations[0], scorer, outcomes)
        self._require_whole(plan, outcomes)
        self.call.variants.append(Trace(plan, outcomes, (found,), scorer))
        return found

    def answers(self, data: Benchmark, plan: Plan) -> dict[str, Response]:
        """What was said under the last perturbation of a plan in its first draw, by sample."""
        plan, outcomes = self._run(data, plan, plan)
        first = [plan.trial(sample, plan.perturbations[-1], 0) for sample in plan.samples]
        found = {trial.sample: outcomes[trial] for trial in first if trial in outcomes}
        self._require_whole(plan, outcomes)
        return found

    def _require_whole(self, plan: Plan, outcomes: Known) -> None:
        """After scoring: a store that loses outcomes leaves samples out of the scores."""
        if self.stopped is None:
            require_whole(plan, outcomes)

    def _run(self, data: Benchmark, plan: Plan, counted: Plan) -> tuple[Plan, Known]:
        """What of a plan is measured, and its outcomes."""
        model, call = self.model, self.call
        about = Context.of(
            model.info(), data, self.settings.answer, self.schedule.replicate, model.image_backend
        )
        outcomes = self._memory(about)
        try:
            if self.stopped is None:
                whole = len(plan) * len(self.planned.samples)
                told = partial(self._progress, total=whole // len(call.data.samples))
                self.executor.run(model, plan, self.batch_size, outcomes, told, self.artifacts)
        except (KeyboardInterrupt, StoreFailed) as stopped:
            self.stopped = stopped
        call.planned += len(counted)
        call.trials += sum(trial in outcomes for trial in counted.trials())
        call.origins.add(counted, outcomes, self.executor)
        if self.stopped is not None:
            plan = plan.part(self.schedule.stopped(plan.samples))
        return plan, outcomes
