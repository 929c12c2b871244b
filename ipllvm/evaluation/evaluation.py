"""The loop behind a property test: plan -> run -> score -> estimate -> verdict.

A property test asks an Evaluation for scores under some perturbations, reduces them to a contrast
and lets `check` decide the claim, record the row and raise what the verdict calls for.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Protocol

import numpy as np

from ipllvm.artifacts import Artifacts, Provider
from ipllvm.engine.context import Context
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Known, require, require_whole, run
from ipllvm.engine.scoring import scores_of
from ipllvm.engine.store.outcomes import OutcomeView
from ipllvm.engine.template import template
from ipllvm.errors import Finding, StoreFailed
from ipllvm.evaluation import counterexamples, flips
from ipllvm.evaluation.settings import Settings as Settings
from ipllvm.gate import baseline
from ipllvm.metrics.pair_accuracy import pair_scores
from ipllvm.metrics.performance_drop import score
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
    Sample,
    Scores,
    Series,
    Trial,
    Verdict,
)
from ipllvm.scorers.base import Grading
from ipllvm.verdicts import decide
from ipllvm.verdicts.findings import finding, last_line, not_measured, raise_worst
from ipllvm.verdicts.noise_floor import REPLICATE, Floor, limited, other_order, other_size
from ipllvm.verdicts.outlook import unbounded
from ipllvm.verdicts.sequential import InterimAnalyses
from ipllvm.verdicts.series import plain

Memory = Callable[[Context], MutableMapping[Trial, Response]]
"""What is known already of a model on a benchmark: a view of the store, or a dict."""


class Progress(Protocol):
    """Told how many of how many trials are done."""

    def __call__(self, done: int, total: int) -> None:
        """Say so, if it is time to."""
        ...


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
        interim: InterimAnalyses | None = None,
        floor: Floor | None = None,
        grading: Grading | None = None,
    ) -> None:
        self.property_name = property_name
        self.model = model
        self.benchmark = self.planned_benchmark = benchmark
        self.total = total
        self.claims = claims
        self.settings = settings
        self._record = record
        self._progress = progress
        self._memory = memory
        self._artifacts = artifacts
        self._planned_only = planned
        self._looks = interim
        self._floor = floor
        self._grading = grading or Grading()
        self._began = time.monotonic()
        self._trials = 0
        self._reused: Counter[str] = Counter()
        self._planned = 0
        self._perturbations: list[str] = []
        self._stopped: KeyboardInterrupt | StoreFailed | None = None
        self._findings: list[Finding | None] = []
        self._traces: list[flips.Trace] = []

    @property
    def batch_size(self) -> int:
        """What was asked for, else what fits this model's memory."""
        usual = self.settings.batch_size or self.model.batch_size()
        return other_size(usual) if self._replicate else usual

    def parameter(self, name: str) -> str:
        """The value of a parameter that the property declares by its marker `parameters`."""
        if name not in self.settings.parameters:
            raise LookupError(f"{self.property_name} declares no {name}: @pytest.mark.parameters({name!r})")
        return str(self.settings.parameters[name])

    @property
    def judged_by(self) -> str:
        """Who says which answers are right: the identity of the judge that was named, else "rules"."""
        return self._grading.judged_by(self.planned_benchmark)

    @property
    def _replicate(self) -> int:
        """Which measurement of the same trials this is."""
        return REPLICATE if self._floor is not None and self._floor.repeating else 0

    def run(self, *perturbations: Perturbation, draws: int | None = None) -> tuple[Scores, ...]:
        """Scores of the clean run and of each perturbation, in that order, each with its draws.

        Only what no earlier run has measured is run. Interrupted, or with the disk full, it returns
        what was measured, and `check` ends the test after recording it.
        """
        plan, outcomes = self._measured(self.benchmark, perturbations, draws)
        scorer = self._grading.of(self.benchmark)
        found = tuple(scores_of(plan, p, scorer, outcomes) for p in plan.perturbations)
        self._require_whole(plan, outcomes)
        self._traces.append(flips.Trace(plan, outcomes, found, scorer))
        return found

    def answers(self, data: Benchmark, perturbation: Perturbation | None = None) -> dict[str, Response]:
        """What the model says to the samples of `data`, by id, where `run` would say how well it did.

        `data` is the benchmark under test, or its questions put in another way; under a perturbation it
        is the answers of the first draw.
        """
        asked = () if perturbation is None else (perturbation,)
        plan, outcomes = self._measured(data, asked)
        first = [plan.trial(sample, plan.perturbations[-1], 0) for sample in plan.samples]
        found = {trial.sample: outcomes[trial] for trial in first if trial in outcomes}
        self._require_whole(plan, outcomes)
        return found

    def provide(self, kind: str, provider: Provider) -> None:
        """Let perturbations have what `provider` makes of an image, such as a synthetic picture."""
        self._artifacts = Artifacts({}) if self._artifacts is None else self._artifacts
        self._artifacts = self._artifacts.along(kind, provider)

    def artifact(self, kind: str, sample: Sample) -> np.ndarray:
        """What the provider of that kind makes of a sample's picture."""
        if self._artifacts is None:
            raise TypeError(f"no provider of {kind}")
        return self._artifacts.get(kind, sample.images[0].load())

    def artifacts(self, kind: str) -> Iterator[np.ndarray]:
        """What the provider of that kind makes of each sample's picture; unreadable ones are left out."""
        for sample in self.benchmark.samples:
            with suppress(OSError):
                yield self.artifact(kind, sample)

    def elsewhere(self, data: Benchmark) -> Scores:
        """How well the model does, unperturbed, on another benchmark."""
        plan, outcomes = self._measured(data)
        found = scores_of(plan, plan.perturbations[0], self._grading.of(data), outcomes)
        self._require_whole(plan, outcomes)
        return found

    def _require_whole(self, plan: Plan, outcomes: Known) -> None:
        """After scoring: a store that loses outcomes leaves samples out of the scores."""
        if self._stopped is None:
            require_whole(plan, outcomes)

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
        require(self.model, plan.perturbations)
        if self._planned_only is not None:
            self._planned_only(plan)
        model, backend = self.model.info(), self.model.image_backend
        outcomes = self._memory(Context.of(model, data, settings.answer, self._replicate, backend))
        try:
            if self._stopped is None:
                whole = len(plan) * len(self.planned_benchmark.samples) // len(self.benchmark.samples)
                told = partial(self._progress, total=whole)
                run(self.model, plan, self.batch_size, outcomes, told, self._artifacts)
        except (KeyboardInterrupt, StoreFailed) as stopped:
            self._stopped = stopped
        self._planned += len(plan)
        self._trials += sum(trial in outcomes for trial in plan.trials())
        if isinstance(outcomes, OutcomeView):
            self._reused += outcomes.origins(plan.trials())
        if self._stopped is not None and self._looks is not None:
            plan = replace(plan, samples=self._looks.stopped(plan.samples))
        return plan, outcomes

    def check(
        self,
        claim_name: str,
        contrast: Contrast,
        shown: Mapping[str, Scores],
        something_to_lose: Contrast | None = None,
        series: Sequence[Series] = (),
        beside: Mapping[str, Contrast | Estimate] | None = None,
        obstacle: str = "",
        noted: Mapping[str, str] | None = None,
        parts: Mapping[str, Contrast] | None = None,
        last: bool = True,
    ) -> Verdict:
        """Decide the claim, record the row, and raise ClaimViolated or ClaimUndecided if need be.

        `shown` are the scores printed beside it, `beside` other contrasts and estimates, `series`
        curves and maps, `noted` what the row says among its settings; an `obstacle` is a reason why
        nothing can be decided, whatever the numbers; `parts` are what statements of the whole run are
        made of. Where a claim is not the `last` of its test, what it calls for is raised with the last one.
        Raises NotMeasured where samples failed: an error is neither a wrong answer nor a verdict.
        """
        if self._looks is not None and claim_name in self._looks.decided:
            return self._looks.decided[claim_name]
        claim, floor = self.claims[claim_name], None
        paired = [(claim, contrast)]
        if "clean" in shown and something_to_lose is None:
            paired.append((baseline.clean_claim(claim.regression_margin), score(shown["clean"])))
        if self._floor is not None:
            if self._floor.repeating:
                return self._floor.keep(paired)
            floor = self._floor.of(paired, self.settings.seed)
            claim = self._floor.lifted(claim, floor)
        errors = self._errors(shown.values())
        verdict = self._verdict(contrast, claim, something_to_lose, errors)
        if obstacle and verdict.decision is not Decision.UNDECIDED:
            verdict = decide.withheld(verdict, obstacle)
        if floor is not None:
            verdict = limited(verdict, claim, floor)
        ended = self._stopped is not None or len(errors) > self._allowed_errors
        if self._looks is not None and not (self._looks.settles(claim_name, verdict) or ended):
            return verdict
        estimates = self._estimates(claim, contrast, shown, beside or {})
        if floor is not None:
            estimates[floor.name] = floor
        result = self._result(claim, estimates, verdict, errors)
        settings = {**result.settings, **(noted or {})}
        curves = tuple(series) if self._looks is None else tuple(unbounded(each) for each in series)
        made = replace(result, series=curves, settings=settings, paired=tuple(paired))
        made = replace(made, parts=dict(parts or {}), said=flips.said(self._traces, shown.values()))
        self._record(self._explained(made))
        if self._stopped is not None:
            raise self._stopped
        if len(errors) > self._allowed_errors:
            raise not_measured(verdict.reason, errors)
        if claim.kind == "requirement" or self.settings.strict_observations:
            self._findings.append(finding(verdict, claim))
        if last and self._looks is None:
            self._end()
        return verdict

    def _estimates(
        self,
        claim: Claim,
        contrast: Contrast,
        shown: Mapping[str, Scores],
        beside: Mapping[str, Contrast | Estimate],
    ) -> dict[str, Estimate]:
        """What is printed beside a claim, and last what it speaks of."""
        found = {name: self._accuracy(name, scores) for name, scores in self._shown(shown).items()}
        found |= {name: self._beside(name, each) for name, each in beside.items()}
        return found | {claim.quantity: self._decisive(claim, contrast)}

    def _explained(self, result: Result) -> Result:
        """The result with examples of flipped answers and, where it is violated, the smallest one."""
        settings, asked = self.settings, self.settings.counterexamples if self._stopped is None else 0
        interim = counterexamples.budget(asked, result.model.parameters)
        return counterexamples.explained(
            result, self.model, self._traces, settings.seed, interim, self._artifacts
        )

    def look(self, test: Callable[[], object]) -> None:
        """Call a test on more and more clusters until each claim that it checks is decided.

        Where one seems to be, the test is called once more to tell what it found. Nothing is measured
        twice. Raises in the end what the verdicts call for, a violated claim first.
        """
        interim = self._looks
        if self._floor is not None:
            self._repeat(self._floor, test)
        if interim is None:
            test()
            return
        while not interim.seen or (interim.undecided and not interim.exhausted):
            interim.advance(self.batch_size)
            self._ask(interim, test)
            if interim.promising and not interim.telling:
                interim.telling = True
                self._ask(interim, test)
        self._end()

    def _ask(self, interim: InterimAnalyses, test: Callable[[], object]) -> None:
        self._anew(interim.benchmark)
        interim.begin()
        test()

    def _repeat(self, floor: Floor, test: Callable[[], object]) -> None:
        """The A/A repetition, in other batches and another order; nothing of it is a row."""
        self._anew(other_order(self.planned_benchmark, self.settings.seed))
        test()
        if self._stopped is not None:
            raise self._stopped
        floor.repeating = False
        self._anew(self.planned_benchmark)

    def _anew(self, data: Benchmark) -> None:
        self.benchmark = data
        self._trials = self._planned = 0
        self._reused.clear()
        self._perturbations, self._traces = [], []

    def _end(self) -> None:
        if not self.settings.report_only:
            raise_worst(self._findings)

    @property
    def saliency(self) -> str:
        """Which model's saliency maps are used, for a perturbation's printed form."""
        return "" if self._artifacts is None else self._artifacts.identity("saliency")

    def group_grid(self) -> int:
        """Into how many rows and columns of groups the picture's tokens are divided: the paper's 6, or 4
        where a view has fewer than 12 rows.
        """
        first = self.benchmark.samples[0]
        prepared = self.model.prepare([source.load() for source in first.images], first.prompt)
        layout = self.model.layout(prepared)
        return 6 if layout.row[layout.view == 0].max() >= 11 else 4

    def _shown(self, shown: Mapping[str, Scores]) -> dict[str, Scores]:
        """The scores beside a claim, and those of pairs where the benchmark is made of pairs."""
        if not self.benchmark.pairs:
            return dict(shown)
        return {**shown, **{f"{name}_pairs": pair_scores(scores) for name, scores in shown.items()}}

    def _errors(self, shown: Iterable[Scores]) -> dict[str, str]:
        """What went wrong, by sample, in all that was measured, shown or not."""
        measured = (scores for trace in self._traces for scores in trace.scores)
        return {sample: error for scores in (*shown, *measured) for sample, error in scores.errors.items()}

    @property
    def _allowed_errors(self) -> float:
        """How many samples may fail: a number, or below 1 a share of the samples."""
        budget = self.settings.max_errors
        return budget if budget >= 1 else budget * len(self.planned_benchmark.samples)

    def _verdict(
        self, contrast: Contrast, claim: Claim, guard: Contrast | None, errors: Mapping[str, str]
    ) -> Verdict:
        if len(errors) > self._allowed_errors:
            sample, error = next(iter(errors.items()))
            counts = f"{len(errors)} of {len(self.benchmark.samples)} samples failed"
            reason = f"could not be measured: {counts}, first {sample}: {last_line(error)}"
            return Verdict(Decision.UNDECIDED, reason)
        if self._looks is not None:
            verdict = self._looks.decide(contrast, claim, guard, self.total)
        else:
            verdict = decide.decide(contrast, claim, guard, available=self.total)
        if self._stopped is not None:
            reason = f"stopped after {self._trials} of {self._planned} trials"
            return Verdict(Decision.UNDECIDED, reason, verdict.p_holds, verdict.p_violated)
        return verdict

    def _beside(self, name: str, found: Contrast | Estimate) -> Estimate:
        if isinstance(found, Estimate):
            return found if self._looks is None else self._looks.bare(found)
        made = replace(plain(name, found), seed=self.settings.seed)
        return made if self._looks is None else self._looks.shown(made, found)

    def _decisive(self, claim: Claim, contrast: Contrast) -> Estimate:
        """The estimate that the claim speaks of."""
        if self._looks is None:
            return decide.estimate(contrast, seed=self.settings.seed, claim=claim)
        found = self._beside(contrast.name, contrast)
        return replace(found, extra={**found.extra, "sequential": self._looks.about(contrast, claim)})

    def _accuracy(self, name: str, scores: Scores) -> Estimate:
        found = decide.accuracy(name, scores, seed=self.settings.seed)
        if self._looks is None:
            return found
        shown = self._looks.shown(found, score(scores))
        return replace(shown, extra={**shown.extra, **decide.unread(scores)})

    def _reuse(self) -> dict[str, str]:
        """How many outcomes this run did not measure, and which runs did; empty where it measured all."""
        if not self._reused:
            return {}
        runs = ", ".join(f"{run} ({count:,})" for run, count in sorted(self._reused.items()))
        return {"reused": f"{self._reused.total():,} of {self._trials:,} outcomes, measured by {runs}"}

    def _result(
        self, claim: Claim, estimates: Mapping[str, Estimate], verdict: Verdict, errors: Mapping[str, str]
    ) -> Result:
        data, settings = self.planned_benchmark, self.settings
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
                **settings.row(data, self.batch_size, self._perturbations),
                "template": template(self.model, data.samples[0]) if data.samples else "unknown",
                "scorer": self._grading.name(data),
                **({} if self.judged_by == "rules" else {"judge": self.judged_by}),
                **self._reuse(),
            },
            trials=self._trials,
            seconds=time.monotonic() - self._began,
            errors=tuple((sample, last_line(error)) for sample, error in errors.items()),
            partial=self._stopped is not None,
            floors={} if self._floor is None else self._floor.reaches,
        )
