"""The loop behind a property test: plan -> run -> score -> estimate -> verdict.

A property test asks an Evaluation for scores under some perturbations, reduces them to a contrast
and lets `check` decide the claim and record the row. It may be called several times, on other samples or
in other batches (schedules.py): it keeps nothing between calls and asks only the evaluation.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ipllvm.artifacts import Artifacts, Provider
from ipllvm.engine.context import Context
from ipllvm.engine.executors.base import LOCAL, Executor
from ipllvm.engine.plan import Plan
from ipllvm.engine.requirements import Known, require, require_whole
from ipllvm.engine.scoring import probabilities_of, scores_of
from ipllvm.engine.store.derived import Derived
from ipllvm.engine.template import of_benchmark
from ipllvm.errors import Finding, StoreFailed, UnknownName
from ipllvm.evaluation import explanations, flips, judge_noise, official_units
from ipllvm.evaluation.memory import Memory as Memory
from ipllvm.evaluation.origins import Origins
from ipllvm.evaluation.probability import NO_VERDICT, SUFFIX, Probabilities
from ipllvm.evaluation.progress import Progress as Progress
from ipllvm.evaluation.schedules import Fixed
from ipllvm.evaluation.settings import Settings as Settings
from ipllvm.evaluation.shown import Shown as Shown
from ipllvm.gate import baseline
from ipllvm.metrics.pair_accuracy import pair_scores
from ipllvm.metrics.performance_drop import score
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import (
    Benchmark,
    BenchmarkInfo,
    Claim,
    Contrast,
    Decision,
    Estimate,
    NeedsArtifact,
    Perturbation,
    Response,
    Result,
    Sample,
    Scores,
    Verdict,
)
from ipllvm.scorers.base import Grading
from ipllvm.verdicts import decide, labelled
from ipllvm.verdicts.findings import finding, last_line, not_measured, raise_worst
from ipllvm.verdicts.series import plain

if TYPE_CHECKING:
    from ipllvm.models.base import VisionLanguageModel


class Evaluation:
    """One model on one benchmark, as a property test sees it; `whole` is all that the benchmark has."""

    def __init__(
        self,
        property_name: str,
        model: "VisionLanguageModel",
        benchmark: Benchmark,
        total: int,
        claims: Mapping[str, Claim],
        settings: Settings,
        record: Callable[[Result], None],
        progress: Progress,
        memory: Memory,
        artifacts: Artifacts | None = None,
        schedule: Fixed | None = None,
        grading: Grading | None = None,
        derived: Derived | None = None,
        executor: Executor | None = None,
        whole: Benchmark | None = None,
    ) -> None:
        self.property_name = property_name
        self.model = model
        self.benchmark = self.planned_benchmark = benchmark
        self.whole = whole or benchmark
        self.total = total
        self.claims = claims
        self.settings = settings
        self._record = record
        self._progress = progress
        self._memory = memory
        self._artifacts = artifacts
        self._schedule = schedule or Fixed()
        self._grading = grading or Grading()
        self.derived = derived or Derived()
        self._began = time.monotonic()
        self._trials = 0
        self._executor = executor or LOCAL
        self._origins = Origins()
        self._planned = 0
        self._perturbations: list[str] = []
        self._providers: dict[str, str] = {}
        self._stopped: KeyboardInterrupt | StoreFailed | None = None
        self._findings: list[Finding | None] = []
        self._traces, self._variants = list[flips.Trace](), list[flips.Trace]()
        self._probabilities = Probabilities()

    @property
    def batch_size(self) -> int:
        """What was asked for, else what fits this model's memory."""
        return self._schedule.batch_size(self.settings.batch_size or self.model.batch_size())

    def parameter(self, name: str) -> str:
        """The value of a parameter that the property declares by `parameters`; raises LookupError."""
        if name not in self.settings.parameters:
            raise LookupError(f"{self.property_name} declares no {name}: @pytest.mark.parameters({name!r})")
        return str(self.settings.parameters[name])

    @property
    def judged_by(self) -> str:
        """Who says which answers are right: the identity of the judge that was named, else "rules"."""
        return self._grading.judged_by(self.planned_benchmark)

    def run(
        self,
        *perturbations: Perturbation,
        draws: int | None = None,
        beside: Sequence[Perturbation] = (),
        also: Sequence[Benchmark] = (),
    ) -> tuple[Scores, ...]:
        """Scores of the clean run, each perturbation, each `beside`, and each benchmark of `also`, in order.

        What is `beside` draws a curve that no claim is about: on as many of the first samples as the profile
        has for it. Only what no earlier run has measured is run. Interrupted, or with the disk full, it
        returns what was measured, and `check` ends the test after recording it.
        """
        data = self.benchmark
        part = replace(data, samples=self._schedule.drawn(data.samples, self.settings.curve))
        apart = beside and len(part.samples) < len(data.samples)
        parts = [(data, perturbations), (part, beside)] if apart else [(data, (*perturbations, *beside))]
        planned = [(each, self._plan(each, kinds, draws)) for each, kinds in parts]
        others = [(each, self._plan(each)) for each in also]
        curves = (plan.without_clean for _, plan in planned[1:])
        self._schedule.before(planned[0][1], *curves, *(plan for _, plan in others))
        found: list[Scores] = []
        for each, plan in planned:
            again = bool(found)  # clean once
            found += self._scored(each, plan, plan.without_clean if again else plan)[again:]
        return (*found, *(self._clean(each, plan) for each, plan in others))

    def _scored(self, data: Benchmark, plan: Plan, counted: Plan) -> tuple[Scores, ...]:
        """Scores of all perturbations of a plan; the trials of `counted` are the row's."""
        plan, outcomes = self._measured(data, plan, counted)
        if self._probabilities.reading:
            return tuple(probabilities_of(plan, p, outcomes) for p in plan.perturbations)
        scorer = self._grading.of(data)
        scores = tuple(scores_of(plan, p, scorer, outcomes) for p in plan.perturbations)
        self._require_whole(plan, outcomes)
        self._traces.append(flips.Trace(plan, outcomes, scores, scorer))
        return scores

    def _clean(self, data: Benchmark, plan: Plan) -> Scores:
        """How well the model does, unperturbed, on another benchmark."""
        plan, outcomes = self._measured(data, plan, plan)
        found = scores_of(plan, plan.perturbations[0], self._grading.of(data), outcomes)
        self._require_whole(plan, outcomes)
        self._variants.append(flips.Trace(plan, outcomes, (found,), self._grading.of(data)))
        return found

    def answers(self, data: Benchmark, perturbation: Perturbation | None = None) -> dict[str, Response]:
        """What the model says to the samples of `data`, by id, where `run` would say how well it did.

        `data` is the benchmark under test, or its questions put in another way; under a perturbation it
        is the answers of the first draw.
        """
        self._schedule.before(plan := self._plan(data, () if perturbation is None else (perturbation,)))
        plan, outcomes = self._measured(data, plan, plan)
        first = [plan.trial(sample, plan.perturbations[-1], 0) for sample in plan.samples]
        found = {trial.sample: outcomes[trial] for trial in first if trial in outcomes}
        self._require_whole(plan, outcomes)
        return found

    def provide(self, kind: str, provider: Provider) -> None:
        """Let perturbations have what `provider` makes of an image, such as a synthetic picture."""
        self._artifacts = Artifacts({}) if self._artifacts is None else self._artifacts
        self._artifacts = self._artifacts.along(kind, provider)

    def artifact(self, kind: str, sample: Sample) -> np.ndarray:
        """What the provider of that kind makes of a sample's picture; raises TypeError without one."""
        if self._artifacts is None:
            raise TypeError(f"no provider of {kind}")
        return self._artifacts.get(kind, sample.images[0].load())

    def artifacts(self, kind: str) -> Iterator[np.ndarray]:
        """What the provider of that kind makes of each sample's picture; unreadable ones are left out."""
        for sample in self.benchmark.samples:
            with suppress(OSError):
                yield self.artifact(kind, sample)

    def _require_whole(self, plan: Plan, outcomes: Known) -> None:
        """After scoring: a store that loses outcomes leaves samples out of the scores."""
        if self._stopped is None:
            require_whole(plan, outcomes)

    def _plan(
        self, data: Benchmark, perturbations: Sequence[Perturbation] = (), draws: int | None = None
    ) -> Plan:
        """The trials of a clean run and of each perturbation on the samples of `data`."""
        settings, kinds = self.settings, (Clean(), *perturbations)
        draws = settings.draws if draws is None else draws
        plan = Plan(data.samples, kinds, draws, settings.seed, data.max_new_tokens, settings.answer)
        self._perturbations += plan.names
        require(self.model, plan.perturbations)
        needed = {each.artifact for each in plan.perturbations if isinstance(each, NeedsArtifact)}
        if self._artifacts is not None:  # with another maker of them it is another perturbation
            self._providers |= {kind: self._artifacts.identity(kind) for kind in sorted(needed)}
        return plan

    def _measured(self, data: Benchmark, plan: Plan, counted: Plan) -> tuple[Plan, Known]:
        """What of a plan is measured, and its outcomes."""
        model, backend = self.model.info(), self.model.image_backend
        about = Context.of(model, data, self.settings.answer, self._schedule.replicate, backend)
        outcomes = self._memory(about)
        try:
            if self._stopped is None:
                whole = len(plan) * len(self.planned_benchmark.samples)
                told = partial(self._progress, total=whole // len(self.benchmark.samples))
                self._executor.run(self.model, plan, self.batch_size, outcomes, told, self._artifacts)
        except (KeyboardInterrupt, StoreFailed) as stopped:
            self._stopped = stopped
        self._planned += len(counted)
        self._trials += sum(trial in outcomes for trial in counted.trials())
        self._origins.add(counted, outcomes, self._executor)
        if self._stopped is not None:
            plan = replace(plan, samples=self._schedule.stopped(plan.samples))
        return plan, outcomes

    def check(
        self,
        claim: str | Claim,
        contrast: Contrast,
        shown: Shown,
        something_to_lose: Contrast | None = None,
        obstacle: str = "",
    ) -> Verdict:
        """Decide a claim, by its name or one of your own, and record its row.

        What the verdict calls for, ClaimViolated or ClaimUndecided, is raised when the test has ended
        (`measure`). `something_to_lose` must exceed the margin, or nothing is decided; an `obstacle` is a
        reason why nothing can be, whatever the numbers. Raises NotMeasured where samples failed, as an error
        is neither a wrong answer nor a verdict, and UnknownName for a claim that is none.
        """
        asked = self._claim(claim)
        if self._probabilities.reading:
            self._probabilities.contrasts[asked.name] = contrast
            return NO_VERDICT
        paired = [(asked, contrast)]
        if "clean" in shown.scores and something_to_lose is None:
            regressed = baseline.clean_claim(asked.regression_margin)
            paired.append((regressed, score(shown.scores["clean"])))
        known = self._schedule.given(paired)
        if known is not None:
            return known
        made = self._schedule.claimed(asked, paired, self.settings.seed)
        errors = flips.errors(self._traces, shown.scores.values())
        verdict = self._verdict(contrast, made, something_to_lose, errors)
        if obstacle and verdict.decision is not Decision.UNDECIDED:
            verdict = decide.withheld(verdict, obstacle)
        verdict = self._schedule.limited(verdict, made)
        failed = len(errors) > self.settings.allowed_errors(len(self.planned_benchmark.samples))
        if not self._schedule.settles(asked.name, verdict, failed or self._stopped is not None):
            return verdict
        result = self._result(made, self._estimates(made, contrast, shown), verdict, errors)
        self._record(self._explained(self._beside(result, shown.with_gain(something_to_lose), paired)))
        if self._stopped is not None:
            raise self._stopped
        if failed:
            raise not_measured(verdict.reason, errors)
        if made.kind == "requirement" or self.settings.strict_observations:
            self._findings.append(finding(verdict, made))
        return verdict

    def _claim(self, claim: str | Claim) -> Claim:
        if isinstance(claim, Claim):
            return claim
        if claim not in self.claims:
            raise UnknownName(f"claim of {self.property_name}", claim, self.claims)
        return self.claims[claim]

    def _estimates(self, claim: Claim, contrast: Contrast, shown: Shown) -> dict[str, Estimate]:
        """What is printed beside a claim, and what it speaks of."""
        scores = dict(shown.scores)
        if self.benchmark.pairs:
            scores |= {f"{name}_pairs": pair_scores(each) for name, each in shown.scores.items()}
        found = {name: self._accuracy(name, each) for name, each in scores.items()}
        found |= official_units.estimates(self.benchmark, shown.scores)
        found |= {name: self._other(name, each) for name, each in shown.beside.items()}
        found |= labelled.beside(shown.scores, self.settings.labels, flips.answers(self._traces))
        found |= judge_noise.beside(self._traces, self._grading, self.benchmark)
        if other := self._probabilities.contrasts.get(claim.name):
            found |= self._probabilities.named(self._other(f"{claim.quantity}{SUFFIX}", other))
        decisive = self._schedule.decisive(contrast, claim, self.settings.seed)
        return found | {claim.quantity: decisive} | self._schedule.beside(claim.name)

    def _beside(self, result: Result, shown: Shown, paired: Sequence[tuple[Claim, Contrast]]) -> Result:
        """The result with all that stands beside its claim."""
        return replace(
            result,
            series=self._schedule.series(shown.drawn),
            settings={**result.settings, **shown.noted},
            paired=tuple(paired),
            parts=dict(shown.terms),
            said=flips.said(self._traces, shown.scores.values(), self._variants),
        )

    def _explained(self, result: Result) -> Result:
        """The result with examples of flipped answers and, where it is violated, the smallest one."""
        asked = self.settings.counterexamples if self._stopped is None else 0
        search = explanations.Search(
            self.model, self._traces, self.settings.seed, asked, self._artifacts, self._executor
        )
        return explanations.explained(result, search, self.derived)

    def measure(self, test: Callable[[], object]) -> None:
        """Call the test of a property as often as its schedule takes, each time on all that it is to see.

        Nothing is measured twice. Raises in the end what the verdicts call for, a violated claim first.
        """

        def call(data: Benchmark) -> None:
            self.benchmark = data
            for _ in self._probabilities.calls(self.settings.answer, data):
                self._trials = self._planned = 0
                self._origins = Origins()
                self._perturbations, self._traces, self._variants, self._providers = [], [], [], {}
                test()
            if self._stopped is not None:
                raise self._stopped

        self._schedule.measure(call, self.planned_benchmark, self.batch_size)
        if not self.settings.report_only:
            raise_worst(self._findings)

    @property
    def saliency(self) -> str:
        """Which model's saliency maps are used, for a perturbation's printed form."""
        return "" if self._artifacts is None else self._artifacts.identity("saliency")

    def _verdict(
        self, contrast: Contrast, claim: Claim, guard: Contrast | None, errors: Mapping[str, str]
    ) -> Verdict:
        if len(errors) > self.settings.allowed_errors(len(self.planned_benchmark.samples)):
            sample, error = next(iter(errors.items()))
            counts = f"{len(errors)} of {len(self.benchmark.samples)} samples failed, first {sample}"
            return Verdict(Decision.UNDECIDED, f"could not be measured: {counts}: {last_line(error)}")
        of_benchmark = replace(contrast, sample_count=len(self.benchmark.samples))
        if self._stopped is None:
            return self._schedule.decide(of_benchmark, claim, guard, self.total)
        found = self._schedule.glimpsed(of_benchmark, claim, guard, self.total)
        reason = f"stopped after {self._trials} of {self._planned} trials"
        return Verdict(Decision.UNDECIDED, reason, found.p_holds, found.p_violated)

    def _other(self, name: str, found: Contrast | Estimate) -> Estimate:
        if isinstance(found, Estimate):
            return self._schedule.interval(found, None)
        return self._schedule.interval(replace(plain(name, found), seed=self.settings.seed), found)

    def _accuracy(self, name: str, scores: Scores) -> Estimate:
        found = decide.accuracy(name, scores, seed=self.settings.seed)
        shown = self._schedule.interval(found, score(scores))
        return replace(shown, extra={**shown.extra, **decide.unread(scores)})

    def _result(
        self, claim: Claim, estimates: Mapping[str, Estimate], verdict: Verdict, errors: Mapping[str, str]
    ) -> Result:
        data, settings = self.planned_benchmark, self.settings
        return Result(
            property=self.property_name,
            model=self.model.info(),
            benchmark=BenchmarkInfo.of(data, self.total),
            claim=claim,
            estimates=estimates,
            verdict=verdict,
            settings={
                **settings.row(data, self.batch_size, self._perturbations),
                "template": of_benchmark(self.model, data, self.derived),
                "scorer": self._grading.name(data),
                **self._grading.settings(data),
                **self._providers,
                **self._origins.settings(self._trials),
            },
            trials=self._trials,
            seconds=time.monotonic() - self._began,
            errors=tuple((sample, last_line(error)) for sample, error in errors.items()),
            partial=self._stopped is not None,
            floors=self._schedule.reaches,
            noise=self._schedule.flips,
            analyses=self._schedule.analyses,
        )
