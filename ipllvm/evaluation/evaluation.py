"""The loop behind a property test: plan -> run -> score -> estimate -> verdict.

A property test asks an Evaluation for scores under some perturbations, reduces them to a contrast
and lets `check` decide the claim and record the row. It may be called several times, on other samples or
in other batches (schedules.py): it keeps nothing between calls and asks only the evaluation. How plans are
run is in measurement.py, what a row says in results.py.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ipllvm.artifacts import Artifacts, Provider
from ipllvm.engine.executors.base import LOCAL, Executor
from ipllvm.engine.store.derived import Derived
from ipllvm.errors import Finding, UnknownName
from ipllvm.evaluation import flips
from ipllvm.evaluation.measurement import MeasuredCall, Measurement
from ipllvm.evaluation.measurement import Memory as Memory
from ipllvm.evaluation.measurement import Progress as Progress
from ipllvm.evaluation.probability import NO_VERDICT
from ipllvm.evaluation.results import DecidedClaim, ResultMaker
from ipllvm.evaluation.schedules import Fixed
from ipllvm.evaluation.settings import Settings as Settings
from ipllvm.evaluation.shown import Shown as Shown
from ipllvm.gate import baseline
from ipllvm.metrics.performance_drop import score
from ipllvm.records import (
    Benchmark,
    Claim,
    Contrast,
    Decision,
    Perturbation,
    Response,
    Result,
    Sample,
    Scores,
    Verdict,
)
from ipllvm.scorers.base import Grading
from ipllvm.verdicts import decide
from ipllvm.verdicts.findings import finding, last_line, not_measured, raise_worst

if TYPE_CHECKING:
    from ipllvm.models.base import VisionLanguageModel


class Evaluation:
    """One model on one benchmark, as a property test sees it.

    `benchmark` is the subset to measure, `whole` the full benchmark with `total` samples. `claims` are looked
    up by name, `record` gets each decided Result, and `progress` is called as trials are done. `memory` gives
    the known outcomes of a context, `derived` caches features, and `artifacts` provides what perturbations
    need besides the picture. `schedule` says on how many samples, and how often, the test is called,
    `grading` who grades the answers, and `executor` where plans are run.
    """

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
        schedule, grading = schedule or Fixed(), grading or Grading()
        self.property_name, self.model, self.total = property_name, model, total
        self.planned_benchmark, self.whole = benchmark, whole or benchmark
        self.claims, self.settings = claims, settings
        self.derived = derived or Derived()
        self._record, self._schedule, self._grading = record, schedule, grading
        self._measurement = Measurement(
            model, benchmark, settings, schedule, grading, memory, progress, artifacts, executor or LOCAL
        )
        self._results = ResultMaker(property_name, total, self._measurement, self.derived)
        self._findings: list[Finding | None] = []

    @property
    def benchmark(self) -> Benchmark:
        """The samples that this call of the test measures."""
        return self._measurement.call.data

    @property
    def batch_size(self) -> int:
        """The batch size of the settings, else one that fits the memory."""
        return self._measurement.batch_size

    def parameter(self, name: str) -> str:
        """The value of a parameter that the property declares by `parameters`; raises LookupError."""
        if name not in self.settings.parameters:
            raise LookupError(f"{self.property_name} declares no {name}: @pytest.mark.parameters({name!r})")
        return str(self.settings.parameters[name])

    @property
    def judged_by(self) -> str:
        """Who grades the answers: the identity of the judge, or "rules"."""
        return self._grading.judged_by(self.planned_benchmark)

    def run(
        self,
        *perturbations: Perturbation,
        draws: int | None = None,
        beside: Sequence[Perturbation] = (),
        also: Sequence[Benchmark] = (),
    ) -> tuple[Scores, ...]:
        """Scores of the clean run, each perturbation, each `beside`, and each benchmark of `also`, in order.

        `beside` are points of curves that no claim is about: they are measured on fewer samples, the first
        ones, if the profile says so. Only trials without a stored outcome are run. After an interrupt, or if
        the disk is full, it returns what was measured, and `check` ends the test after recording that.
        """
        data, measured = self.benchmark, self._measurement
        part = data.part(self._schedule.drawn(data.samples, self.settings.curve))
        apart = beside and len(part.samples) < len(data.samples)
        parts = [(data, perturbations), (part, beside)] if apart else [(data, (*perturbations, *beside))]
        planned = [(each, measured.plan(each, kinds, draws)) for each, kinds in parts]
        others = [(each, measured.plan(each)) for each in also]
        curves = (plan.without_clean for _, plan in planned[1:])
        self._schedule.before(planned[0][1], *curves, *(plan for _, plan in others))
        found: list[Scores] = []
        for each, plan in planned:
            again = bool(found)  # clean once
            found += measured.scores(each, plan, plan.without_clean if again else plan)[again:]
        return (*found, *(measured.clean(each, plan) for each, plan in others))

    def answers(self, data: Benchmark, perturbation: Perturbation | None = None) -> dict[str, Response]:
        """The model's answers to the samples of `data`, by id; `run` gives their scores.

        `data` is the benchmark under test, or its questions in other words; with a perturbation, the answers
        are those of its first draw.
        """
        plan = self._measurement.plan(data, () if perturbation is None else (perturbation,))
        self._schedule.before(plan)
        return self._measurement.answers(data, plan)

    def provide(self, kind: str, provider: Provider) -> None:
        """Register what makes an artifact from an image, such as a synthetic picture, for perturbations."""
        self._measurement.artifacts = (self._measurement.artifacts or Artifacts({})).along(kind, provider)

    def artifact(self, kind: str, sample: Sample) -> np.ndarray:
        """The artifact of a sample's picture; raises TypeError without a provider of that kind."""
        if self._measurement.artifacts is None:
            raise TypeError(f"no provider of {kind}")
        return self._measurement.artifacts.get(kind, sample.images[0].load())

    def artifacts(self, kind: str) -> Iterator[np.ndarray]:
        """The artifact of each sample's picture; unreadable pictures are left out."""
        for sample in self.benchmark.samples:
            with suppress(OSError):
                yield self.artifact(kind, sample)

    @property
    def saliency(self) -> str:
        """The identity of the saliency model, as perturbations print it."""
        artifacts = self._measurement.artifacts
        return "" if artifacts is None else artifacts.identity("saliency")

    def check(
        self,
        claim: str | Claim,
        contrast: Contrast,
        shown: Shown,
        something_to_lose: Contrast | None = None,
        obstacle: str = "",
    ) -> Verdict:
        """Decide a claim, given by name or as a Claim of your own, and record its result.

        ClaimViolated or ClaimUndecided is raised later, when the test has ended (`measure`), so that a test
        can check several claims. Unless `something_to_lose` is shown to exceed the margin nothing is decided;
        an `obstacle` is a reason why nothing can be, whatever the numbers. Raises NotMeasured if more samples
        failed than allowed (a failure is neither a wrong answer nor a verdict), UnknownName for an unknown
        claim.
        """
        asked, measured = self._claim(claim), self._measurement
        if measured.probabilities.reading:
            measured.probabilities.contrasts[asked.name] = contrast
            return NO_VERDICT
        paired = [(asked, contrast)]
        if "clean" in shown.scores and something_to_lose is None:
            regressed = baseline.clean_claim(asked.regression_margin, asked.exact)
            paired.append((regressed, score(shown.scores["clean"])))
        known = self._schedule.given(paired)
        if known is not None:
            return known
        made = self._schedule.claimed(asked, paired, self.settings.seed)
        errors = flips.errors(measured.call.traces, shown.scores.values())
        verdict = self._verdict(contrast, made, something_to_lose, errors)
        if obstacle and verdict.decision is not Decision.UNDECIDED:
            verdict = decide.withheld(verdict, obstacle)
        verdict = self._schedule.limited(verdict, made)
        failed = self._too_many(errors)
        if not self._schedule.settles(asked.name, verdict, failed or measured.stopped is not None):
            return verdict
        decided = DecidedClaim(made, contrast, verdict, errors, paired)
        self._record(self._results.result(decided, shown.with_gain(something_to_lose)))
        if measured.stopped is not None:
            raise measured.stopped
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

    def _too_many(self, errors: Mapping[str, str]) -> bool:
        """Whether more samples failed than allowed."""
        return len(errors) > self.settings.allowed_errors(len(self.planned_benchmark.samples))

    def _verdict(
        self, contrast: Contrast, claim: Claim, guard: Contrast | None, errors: Mapping[str, str]
    ) -> Verdict:
        measured, samples = self._measurement, len(self.benchmark.samples)
        if self._too_many(errors):
            sample, error = next(iter(errors.items()))
            counts = f"{len(errors)} of {samples} samples failed, first {sample}"
            return Verdict(Decision.UNDECIDED, f"could not be measured: {counts}: {last_line(error)}")
        of_benchmark = replace(contrast, sample_count=samples)
        if measured.stopped is None:
            return self._schedule.decide(of_benchmark, claim, guard, self.total)
        found = self._schedule.glimpsed(of_benchmark, claim, guard, self.total)
        reason = f"stopped after {measured.call.trials} of {measured.call.planned} trials"
        return Verdict(Decision.UNDECIDED, reason, found.p_holds, found.p_violated)

    def measure(self, test: Callable[[], object]) -> None:
        """Call a property's test as often as the schedule needs, each time on all samples so far.

        Nothing is measured twice. At the end it raises the worst finding, a violated claim first.
        """
        measured = self._measurement

        def call(data: Benchmark) -> None:
            for _ in measured.probabilities.calls(self.settings.answer, data):
                measured.call = MeasuredCall(data)
                test()
            if measured.stopped is not None:
                raise measured.stopped

        self._schedule.measure(call, self.planned_benchmark, self.batch_size)
        if not self.settings.report_only:
            raise_worst(self._findings)
