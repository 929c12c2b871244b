"""The loop behind a property test: plan -> run -> score -> estimate -> verdict.

A property test asks an Evaluation for scores under some perturbations, reduces them to a contrast
and lets `check` decide the claim, record the row and raise what the verdict calls for.
"""

import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass

import numpy as np

from ipllvm import registry, verdicts
from ipllvm.engine.context import Context
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Known, run
from ipllvm.errors import ClaimUndecided, ClaimViolated, NotMeasured, StoreFull
from ipllvm.metrics.pair_accuracy import pair_scores
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
    Response,
    Result,
    Scores,
    Trial,
    Verdict,
)

Memory = Callable[[Context], MutableMapping[Trial, Response]]
"""What is known already of a model on a benchmark: a view of the store, or a dict."""

Progress = Callable[[int, int], None]
"""Told how many of how many trials are done."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What of the command line bears on a measurement."""

    draws: int = 5
    seed: int = 0
    batch_size: int | None = None
    report_only: bool = False
    prompt: str = "checkpoint"
    scope: str = "keep_newline"


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
        self._began = time.monotonic()
        self._trials = 0
        self._planned = 0
        self._perturbations: list[str] = []
        self._stopped: KeyboardInterrupt | StoreFull | None = None

    @property
    def batch_size(self) -> int:
        """What was asked for, else what fits this model's memory."""
        return self.settings.batch_size or self.model.batch_size()

    def run(self, *perturbations: Perturbation) -> tuple[Scores, ...]:
        """Scores of the clean run and of each perturbation, in that order.

        Only what no earlier run has measured is run. Interrupted, or with the disk full, it returns
        what was measured, and `check` ends the test after recording it.
        """
        settings, data = self.settings, self.benchmark
        plan = Plan(
            data.samples, (Clean(), *perturbations), settings.draws, settings.seed, data.max_new_tokens
        )
        self._perturbations += [str(p) for p in plan.perturbations]
        outcomes = self._memory(Context.of(self.model.info(), data))
        try:
            if self._stopped is None:
                run(self.model, plan, self.batch_size, outcomes, lambda done: self._progress(done, len(plan)))
        except (KeyboardInterrupt, StoreFull) as stopped:
            self._stopped = stopped
        self._planned += len(plan)
        self._trials += sum(trial in outcomes for trial in plan.trials())
        return tuple(_scores(plan, p, data.scorer, outcomes) for p in plan.perturbations)

    def check(
        self,
        claim_name: str,
        contrast: Contrast,
        shown: Mapping[str, Scores],
        something_to_lose: Contrast | None = None,
    ) -> Verdict:
        """Decide the claim, record the row, and raise ClaimViolated or ClaimUndecided if need be.

        `shown` are the scores printed beside it. Raises NotMeasured where samples failed: an error
        is neither a wrong answer nor a verdict.
        """
        claim = self.claims[claim_name]
        errors = {sample: error for scores in shown.values() for sample, error in scores.errors.items()}
        verdict = self._verdict(contrast, claim, something_to_lose, errors)
        estimates = {name: self._accuracy(name, scores) for name, scores in self._shown(shown).items()}
        estimates[claim.quantity] = verdicts.estimate(contrast, seed=self.settings.seed)
        self._record(self._result(claim, estimates, verdict, errors))
        if self._stopped is not None:
            raise self._stopped
        if errors:
            raise _not_measured(verdict.reason, errors)
        if not self.settings.report_only and claim.kind == "requirement":
            _raise_finding(verdict, claim)
        return verdict

    def _shown(self, shown: Mapping[str, Scores]) -> dict[str, Scores]:
        """The scores beside a claim, and those of pairs where the benchmark is made of pairs."""
        if not self.benchmark.pairs:
            return dict(shown)
        return {**shown, **{f"{name}_pairs": pair_scores(scores) for name, scores in shown.items()}}

    def _verdict(
        self, contrast: Contrast, claim: Claim, guard: Contrast | None, errors: Mapping[str, str]
    ) -> Verdict:
        if errors:
            sample, error = next(iter(errors.items()))
            counts = f"{len(errors)} of {len(self.benchmark.samples)} samples failed"
            reason = f"could not be measured: {counts}, first {sample}: {_last_line(error)}"
            return Verdict(Decision.UNDECIDED, reason)
        verdict = verdicts.decide(contrast, claim, guard, available=self.total)
        if self._stopped is not None:
            reason = f"stopped after {self._trials} of {self._planned} trials"
            return Verdict(Decision.UNDECIDED, reason, verdict.p_holds, verdict.p_violated)
        return verdict

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
                "prompt": settings.prompt,
                "scorer": data.scorer,
                "scope": settings.scope,
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
