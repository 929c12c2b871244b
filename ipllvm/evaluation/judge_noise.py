"""How much a judge differs from itself: some answers of a claim that it scored, graded once more."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ipllvm.engine.scoring import grade
from ipllvm.evaluation.flips import Trace
from ipllvm.records import Benchmark, Contrast, Estimate, Sample, Score
from ipllvm.scorers.base import AsksAhead, Grading, Scorer
from ipllvm.verdicts.series import plain

NAME = "judge_noise"
SAMPLES = 20
"""Clean answers that are graded again."""


def beside(traces: Sequence[Trace], grading: Grading, data: Benchmark) -> dict[str, Estimate]:
    """By how many points a judge's scores of the same answers differ in the mean; empty where rules grade.

    Answers that were graded before under this question are read from what is kept of the judge's replies; an
    answer that the judge has no second reply to, as in a replay without repeats, is left out.
    """
    again = grading.again(data)
    if again is None or not traces:
        return {}
    found = [*_twice(traces[0], again)]
    if not found:
        return {}
    values = np.array([abs(first.value - second.value) for _, first, second in found])
    clusters = tuple(sample.cluster for sample, _, _ in found)
    difference = plain(NAME, Contrast(NAME, values, clusters, lattice=0.0))
    turned = f"{np.count_nonzero(values)} of {len(values)} answers graded otherwise when asked again"
    return {NAME: replace(difference, low=max(difference.low, 0.0), method=f"{difference.method}; {turned}")}


def _twice(trace: Trace, again: Scorer) -> Iterator[tuple[Sample, Score, Score]]:
    """Samples with both grades of their clean answers; a judge is asked for all second ones at once."""
    plan, answers = trace.plan, []
    for sample in plan.samples[:SAMPLES]:
        response = trace.outcomes.get(plan.trial(sample, plan.perturbations[0], 0))
        if response is not None and response.error is None:
            answers.append((response.text, sample))
    if isinstance(again, AsksAhead):
        again.ask_ahead(answers)
    for text, sample in answers:
        first, second = (grade(scorer, text, sample) for scorer in (trace.scorer, again))
        if isinstance(first, Score) and isinstance(second, Score):
            yield sample, first, second
