"""The loop behind a property test: plan -> run -> score -> estimate -> verdict.

A property test asks an Evaluation for scores under some perturbations, reduces them to a contrast
and lets `check` decide the claim, record the row and raise what the verdict calls for.
"""

import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np

from ipllvm import baselines, registry, verdicts
from ipllvm.artifacts import Artifacts, Provider
from ipllvm.engine.context import Context
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Known, run
from ipllvm.engine.template import template
from ipllvm.errors import ClaimUndecided, ClaimViolated, NotMeasured, StoreFull
from ipllvm.metrics.pair_accuracy import pair_scores
from ipllvm.metrics.performance_drop import gain, score
from ipllvm.models.base import VisionLanguageModel
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import (
    Benchmark,
    BenchmarkInfo,
    Claim,
    Contrast,
    Decision,
    Estimate,
    Perturbation,
    Point,
    Response,
    Result,
    Sample,
    Scores,
    Series,
    Trial,
    Verdict,
)

Memory = Callable[[Context], MutableMapping[Trial, Response]]
"""What is known already of a model on a benchmark: a view of the store, or a dict."""


class Progress(Protocol):
    """Told how many of how many trials are done."""

    def __call__(self, done: int, total: int) -> None:
        """Say so, if it is time to."""
        ...


@dataclass(frozen=True, slots=True)
class Settings:
    """What of the command line bears on a measurement."""

    draws: int = 5
    seed: int = 0
    batch_size: int | None = None
    report_only: bool = False
    prompt: str = "checkpoint"
    scope: str = "keep_newline"
    noise: str = "paper"
    self_check: str = "none"
    max_errors: float = 0
    answer: str = "generate"


class Evaluation:
    """One model on one benchmark, as a property test sees it."""

    def __init__(
        self,
        property_name: str,
        model: VisionLanguageModel,
        benchmark: Benchmark,
        total: int,
        claims: Mapping[str, Claim],
        settings: Settings,
        record: Callable[[Result], None],
        progress: Progress,
        memory: Memory,
        artifacts: Artifacts | None = None,
        planned: Callable[[Plan], None] | None = None,
    ) -> None:
        self.property_name = property_name
        self.model = model
        self.benchmark = benchmark
        self.total = total
        self.claims = claims
        self.settings = settings
        self._record = record
        self._progress = progress
        self._memory = memory
        self._artifacts = artifacts
        self._planned_only = planned
        self._began = time.monotonic()
        self._trials = 0
        self._planned = 0
        self._perturbations: list[str] = []
        self._stopped: KeyboardInterrupt | StoreFull | None = None

    @property
    def batch_size(self) -> int:
        """What was asked for, else what fits this model's memory."""
        return self.settings.batch_size or self.model.batch_size()

    def run(self, *perturbations: Perturbation, draws: int | None = None) -> tuple[Scores, ...]:
        """Scores of the clean run and of each perturbation, in that order, each with its draws.

        Only what no earlier run has measured is run. Interrupted, or with the disk full, it returns
        what was measured, and `check` ends the test after recording it.
        """
        plan, outcomes = self._measured(self.benchmark, perturbations, draws)
        return tuple(_scores(plan, p, self.benchmark.scorer, outcomes) for p in plan.perturbations)

    def answers(self, data: Benchmark, perturbation: Perturbation | None = None) -> dict[str, Response]:
        """What the model says to the samples of `data`, by id, where `run` would say how well it did.

        `data` is the benchmark under test, or its questions put in another way; under a perturbation it
        is the answers of the first draw.
        """
        asked = () if perturbation is None else (perturbation,)
        plan, outcomes = self._measured(data, asked)
        first = [plan.trial(sample, plan.perturbations[-1], 0) for sample in plan.samples]
        return {trial.sample: outcomes[trial] for trial in first if trial in outcomes}

    def provide(self, kind: str, provider: Provider) -> None:
        """Let perturbations have what `provider` makes of an image, such as a synthetic picture."""
        self._artifacts = Artifacts({}) if self._artifacts is None else self._artifacts
        self._artifacts = self._artifacts.along(kind, provider)

    def artifact(self, kind: str, sample: Sample) -> np.ndarray:
        """What the provider of that kind makes of a sample's picture."""
        if self._artifacts is None:
            raise TypeError(f"no provider of {kind}")
        return self._artifacts.get(kind, sample.images[0].load())

    def elsewhere(self, data: Benchmark) -> Scores:
        """How well the model does, unperturbed, on another benchmark."""
        plan, outcomes = self._measured(data)
        return _scores(plan, plan.perturbations[0], data.scorer, outcomes)

    def _measured(
        self, data: Benchmark, perturbations: Sequence[Perturbation] = (), draws: int | None = None
    ) -> tuple[Plan, Known]:
        settings = self.settings
        draws = settings.draws if draws is None else draws
        plan = Plan(
            data.samples,
            (Clean(), *perturbations),
            draws,
            settings.seed,
            data.max_new_tokens,
            settings.answer,
        )
        self._perturbations += [str(p) for p in plan.perturbations]
        if self._planned_only is not None:
            self._planned_only(plan)
        outcomes = self._memory(Context.of(self.model.info(), data, settings.answer))
        try:
            if self._stopped is None:
                told = partial(self._progress, total=len(plan))
                run(self.model, plan, self.batch_size, outcomes, told, self._artifacts)
        except (KeyboardInterrupt, StoreFull) as stopped:
            self._stopped = stopped
        self._planned += len(plan)
        self._trials += sum(trial in outcomes for trial in plan.trials())
        return plan, outcomes

    def check(
        self,
        claim_name: str,
        contrast: Contrast,
        shown: Mapping[str, Scores],
        something_to_lose: Contrast | None = None,
        series: Sequence[Series] = (),
        beside: Mapping[str, Contrast] | None = None,
        obstacle: str = "",
        noted: Mapping[str, str] | None = None,
    ) -> Verdict:
        """Decide the claim, record the row, and raise ClaimViolated or ClaimUndecided if need be.

        `shown` are the scores printed beside it, `beside` other contrasts, `series` curves and maps,
        `noted` what the row says among its settings; an `obstacle` is a reason why nothing can be
        decided, whatever the numbers. Raises NotMeasured where samples failed: an error is neither a
        wrong answer nor a verdict.
        """
        claim = self.claims[claim_name]
        errors = {sample: error for scores in shown.values() for sample, error in scores.errors.items()}
        verdict = self._verdict(contrast, claim, something_to_lose, errors)
        if obstacle and verdict.decision is not Decision.UNDECIDED:
            verdict = replace(verdict, decision=Decision.UNDECIDED, reason=obstacle)
        estimates = {name: self._accuracy(name, scores) for name, scores in self._shown(shown).items()}
        estimates |= {name: self._estimate(name, each) for name, each in (beside or {}).items()}
        estimates[claim.quantity] = verdicts.estimate(contrast, seed=self.settings.seed)
        result = self._result(claim, estimates, verdict, errors)
        settings = {**result.settings, **(noted or {})}
        paired = [(claim, contrast)]
        if "clean" in shown and something_to_lose is None:
            paired.append((baselines.clean_claim(claim.regression_margin), score(shown["clean"])))
        self._record(replace(result, series=tuple(series), settings=settings, paired=tuple(paired)))
        if self._stopped is not None:
            raise self._stopped
        if len(errors) > self._allowed_errors:
            raise _not_measured(verdict.reason, errors)
        if not self.settings.report_only and claim.kind == "requirement":
            _raise_finding(verdict, claim)
        return verdict

    @property
    def saliency(self) -> str:
        """Which model's saliency maps are used, for a perturbation's printed form."""
        return "" if self._artifacts is None else self._artifacts.identity("saliency")

    def curve(self, name: str, quantity: str, axis: str, scores: Mapping[float, Scores]) -> Series:
        """Accuracies along an axis, in points, each with its own interval."""
        found = {at: self._accuracy(name, each) for at, each in scores.items()}
        points = (Point((at,), e.value, e.low, e.high) for at, e in found.items())
        return Series(name, quantity, "points", (axis,), tuple(points))

    def grid(self, name: str, quantity: str, side: int, contrasts: Sequence[Contrast]) -> Series:
        """A map of side x side values in points, row by row from the top left, each with its own interval."""
        found = [self._estimate(name, each) for each in contrasts]
        points = (Point(divmod(cell, side), e.value, e.low, e.high) for cell, e in enumerate(found))
        return Series(name, quantity, "points", ("row", "column"), tuple(points))

    def profile(self, name: str, quantity: str, axis: str, contrasts: Mapping[float, Contrast]) -> Series:
        """Contrasts along an axis, in points, each with its own interval."""
        found = {at: self._estimate(name, each) for at, each in contrasts.items()}
        points = (Point((at,), e.value, e.low, e.high) for at, e in found.items())
        return Series(name, quantity, "points", (axis,), tuple(points))

    def group_grid(self) -> int:
        """Into how many rows and columns of groups the picture's tokens are divided: the paper's 6, or 4
        where a view has fewer than 12 rows.
        """
        first = self.benchmark.samples[0]
        prepared = self.model.prepare([source.load() for source in first.images], first.prompt)
        layout = self.model.layout(prepared)
        return 6 if layout.row[layout.view == 0].max() >= 11 else 4

    def saturated(self, blank: Scores, noisy: Sequence[Scores]) -> str:
        """Why a map tells nothing: more than half of its places leave no more than a blank image."""
        lost = [not (self._estimate("left", gain(each, blank)).low > 0) for each in noisy]
        if sum(lost) * 2 <= len(lost):
            return ""
        return (
            f"saturated: noise at {sum(lost)} of {len(lost)} layers leaves no more than a blank image; "
            "a milder one tells more: --noise keskar"
        )

    def _shown(self, shown: Mapping[str, Scores]) -> dict[str, Scores]:
        """The scores beside a claim, and those of pairs where the benchmark is made of pairs."""
        if not self.benchmark.pairs:
            return dict(shown)
        return {**shown, **{f"{name}_pairs": pair_scores(scores) for name, scores in shown.items()}}

    @property
    def _allowed_errors(self) -> float:
        """How many samples may fail: a number, or below 1 a share of the samples."""
        budget = self.settings.max_errors
        return budget if budget >= 1 else budget * len(self.benchmark.samples)

    def _verdict(
        self, contrast: Contrast, claim: Claim, guard: Contrast | None, errors: Mapping[str, str]
    ) -> Verdict:
        if len(errors) > self._allowed_errors:
            sample, error = next(iter(errors.items()))
            counts = f"{len(errors)} of {len(self.benchmark.samples)} samples failed"
            reason = f"could not be measured: {counts}, first {sample}: {_last_line(error)}"
            return Verdict(Decision.UNDECIDED, reason)
        verdict = verdicts.decide(contrast, claim, guard, available=self.total)
        if self._stopped is not None:
            reason = f"stopped after {self._trials} of {self._planned} trials"
            return Verdict(Decision.UNDECIDED, reason, verdict.p_holds, verdict.p_violated)
        return verdict

    def _estimate(self, name: str, contrast: Contrast) -> Estimate:
        """For display: without bootstrap."""
        return verdicts.estimate(replace(contrast, name=name), seed=self.settings.seed, replicates=0)

    def _accuracy(self, name: str, scores: Scores) -> Estimate:
        return verdicts.accuracy(name, scores, seed=self.settings.seed)

    def _result(
        self, claim: Claim, estimates: Mapping[str, Estimate], verdict: Verdict, errors: Mapping[str, str]
    ) -> Result:
        data, settings = self.benchmark, self.settings
        clusters = len({sample.cluster for sample in data.samples})
        info = BenchmarkInfo(data.name, data.digest, data.source, len(data.samples), clusters, self.total)
        return Result(
            property=self.property_name,
            model=self.model.info(),
            benchmark=info,
            claim=claim,
            estimates=estimates,
            verdict=verdict,
            settings={
                "draws": settings.draws,
                "seed": settings.seed,
                "batch_size": self.batch_size,
                "max_new_tokens": data.max_new_tokens,
                "answer": settings.answer,
                "prompt": settings.prompt,
                "template": template(self.model, data.samples[0]) if data.samples else "unknown",
                "scorer": data.scorer,
                "scope": settings.scope,
                "noise": settings.noise,
                "self_check": settings.self_check,
                "perturbations": "; ".join(dict.fromkeys(self._perturbations)),
            },
            trials=self._trials,
            seconds=time.monotonic() - self._began,
            errors=tuple((sample, _last_line(error)) for sample, error in errors.items()),
            partial=self._stopped is not None,
        )


def _last_line(traceback: str) -> str:
    return traceback.strip().splitlines()[-1]


def _not_measured(reason: str, errors: Mapping[str, str]) -> NotMeasured:
    """The exception, with the first traceback as a note that pytest -v shows."""
    exception = NotMeasured(reason)
    exception.add_note(next(iter(errors.values())).strip())
    return exception


def _raise_finding(verdict: Verdict, claim: Claim) -> None:
    if verdict.decision is Decision.VIOLATED:
        raise ClaimViolated(f"{claim.text}: {verdict.reason}")
    if verdict.decision is Decision.UNDECIDED:
        raise ClaimUndecided(verdict.reason)


def _scores(plan: Plan, perturbation: Perturbation, scorer: str, outcomes: Known) -> Scores:
    """Score every sample whose draws are all there; NaN and a traceback where one is an error."""
    grade, draws = registry.SCORERS.load(scorer), range(plan.draws_of(perturbation))
    rows, samples = [], []
    errors: dict[str, str] = {}
    for sample in plan.samples:
        trials = [plan.trial(sample, perturbation, draw) for draw in draws]
        if not all(trial in outcomes for trial in trials):
            continue
        responses = [outcomes[trial] for trial in trials]
        failed = [r.error for r in responses if r.error is not None]
        errors |= {sample.id: failed[0]} if failed else {}
        rows.append([np.nan if r.error is not None else grade(r.text, sample) for r in responses])
        samples.append(sample)
    return Scores(
        perturbation=str(perturbation),
        samples=tuple(sample.id for sample in samples),
        clusters=tuple(sample.cluster for sample in samples),
        values=np.array(rows, dtype=float).reshape(len(rows), len(draws)),
        errors=errors,
    )
