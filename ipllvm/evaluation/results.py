"""What is recorded of a claim: its row, with all that stands beside the verdict."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ipllvm.engine.store.derived import Derived
from ipllvm.engine.template import of_benchmark
from ipllvm.evaluation import explanations, flips, judge_noise, official_units
from ipllvm.evaluation.measurement import Measurement
from ipllvm.evaluation.probability import SUFFIX
from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.pair_accuracy import pair_scores
from ipllvm.metrics.performance_drop import score
from ipllvm.records import BenchmarkInfo, Claim, Contrast, Estimate, Result, Scores, Verdict
from ipllvm.verdicts import decide, labelled
from ipllvm.verdicts.findings import last_line
from ipllvm.verdicts.series import plain


@dataclass(frozen=True, slots=True)
class DecidedClaim:
    """A claim as it was decided: by its contrast, with the samples that failed, by id.

    `paired` are the claims and contrasts that a baseline keeps, this one first.
    """

    claim: Claim
    contrast: Contrast
    verdict: Verdict
    errors: Mapping[str, str]
    paired: Sequence[tuple[Claim, Contrast]]


@dataclass(frozen=True, slots=True)
class ResultMaker:
    """Makes the results of one property on a model and a benchmark, of which there are `total` samples."""

    property_name: str
    total: int
    measurement: Measurement
    derived: Derived
    began: float = field(default_factory=time.monotonic)

    def result(self, decided: DecidedClaim, shown: Shown) -> Result:
        """The result of a claim, explained by examples; a violated one by its smallest, too."""
        measured = self.measurement
        traces = [trace.of(shown.about) for trace in measured.call.traces]
        bare = self._result(decided, self._estimates(decided, shown))
        whole = replace(
            bare,
            series=measured.schedule.series(shown.drawn),
            settings={**bare.settings, **shown.noted},
            paired=tuple(decided.paired),
            parts=dict(shown.terms),
            said=flips.said(traces, shown.scores.values(), measured.call.variants),
        )
        asked = measured.settings.counterexamples if measured.stopped is None else 0
        seed, artifacts, executor = measured.settings.seed, measured.artifacts, measured.executor
        search = explanations.Search(measured.model, traces, seed, asked, artifacts, executor)
        return explanations.explained(whole, search, self.derived)

    def _estimates(self, decided: DecidedClaim, shown: Shown) -> dict[str, Estimate]:
        """What is printed beside a claim, and what it speaks of."""
        measured, claim = self.measurement, decided.claim
        data, traces, settings = measured.call.data, measured.call.traces, measured.settings
        scores = dict(shown.scores)
        if data.pairs:
            scores |= {f"{name}_pairs": pair_scores(each) for name, each in shown.scores.items()}
        found = {name: self._accuracy(name, each) for name, each in scores.items()}
        found |= official_units.estimates(data, shown.scores)
        found |= {name: self._other(name, each) for name, each in shown.beside.items()}
        found |= labelled.beside(shown.scores, settings.labels, flips.answers(traces))
        found |= judge_noise.beside(traces, measured.grading, data)
        if other := measured.probabilities.contrasts.get(claim.name):
            found |= measured.probabilities.named(self._other(f"{claim.quantity}{SUFFIX}", other))
        decisive = measured.schedule.decisive(decided.contrast, claim, settings.seed)
        return found | {claim.quantity: decisive} | measured.schedule.beside(claim.name)

    def _other(self, name: str, found: Contrast | Estimate) -> Estimate:
        measured = self.measurement
        if isinstance(found, Estimate):
            return measured.schedule.interval(found, None)
        return measured.schedule.interval(replace(plain(name, found), seed=measured.settings.seed), found)

    def _accuracy(self, name: str, scores: Scores) -> Estimate:
        found = decide.accuracy(name, scores, seed=self.measurement.settings.seed)
        shown = self.measurement.schedule.interval(found, score(scores))
        return replace(shown, extra={**shown.extra, **decide.unread(scores)})

    def _result(self, decided: DecidedClaim, estimates: Mapping[str, Estimate]) -> Result:
        measured = self.measurement
        data, settings, grading = measured.planned, measured.settings, measured.grading
        return Result(
            property=self.property_name,
            model=measured.model.info(),
            benchmark=BenchmarkInfo.of(data, self.total),
            claim=decided.claim,
            estimates=estimates,
            verdict=decided.verdict,
            settings={
                **settings.row(data, measured.batch_size, measured.call.perturbations),
                "template": of_benchmark(measured.model, data, self.derived),
                "scorer": grading.name(data),
                **grading.settings(data),
                **measured.call.settings(),
            },
            trials=measured.call.trials,
            seconds=time.monotonic() - self.began,
            errors=tuple((sample, last_line(error)) for sample, error in decided.errors.items()),
            partial=measured.stopped is not None,
            floors=measured.schedule.reaches,
            noise=measured.schedule.flips,
            analyses=measured.schedule.analyses,
        )
