"""From outcomes to scores: every answer of a plan graded by one scorer."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ipllvm.benchmarks.answer_options import right_option
from ipllvm.engine.plan import Plan
from ipllvm.errors import NotMeasured
from ipllvm.records import Perturbation, Response, Sample, Score, Scores, Trial
from ipllvm.scorers.base import AsksAhead, Scorer

Grade = Score | str
"""A score, or why there is none."""


def scores_of(
    plan: Plan, perturbation: Perturbation, scorer: Scorer, outcomes: Mapping[Trial, Response]
) -> Scores:
    """Score every sample whose draws are all there; NaN and the reason where one is an error."""
    draws = range(plan.draws_of(perturbation))
    found: list[tuple[Sample, list[Response]]] = []
    for sample in plan.samples:
        trials = [plan.trial(sample, perturbation, draw) for draw in draws]
        if all(trial in outcomes for trial in trials):
            found.append((sample, [outcomes[trial] for trial in trials]))
    if isinstance(scorer, AsksAhead):
        scorer.ask_ahead((r.text, sample) for sample, each in found for r in each if r.error is None)
    rows = [_graded(scorer, sample, responses) for sample, responses in found]
    failed = [next((grade for grade in row if isinstance(grade, str)), None) for row in rows]
    values = [[np.nan if isinstance(grade, str) else grade.value for grade in row] for row in rows]
    return Scores(
        perturbation=str(perturbation),
        samples=tuple(sample.id for sample, _ in found),
        clusters=tuple(sample.cluster for sample, _ in found),
        values=np.array(values, dtype=float).reshape(len(rows), len(draws)),
        errors={sample.id: why for (sample, _), why in zip(found, failed, strict=True) if why is not None},
        answers=tuple(tuple(None if isinstance(g, str) else g.answer for g in row) for row in rows),
    )


def probabilities_of(plan: Plan, perturbation: Perturbation, outcomes: Mapping[Trial, Response]) -> Scores:
    """The probability of the right option among a sample's options, in place of whether it was chosen.

    Of the samples whose answers were chosen by likelihood, in all draws; NaN and the reason where one is an
    error. Graded scores in [0, 1] of another estimand, which vary less than 0 and 1 (Miller 2024).
    """
    draws = range(plan.draws_of(perturbation))
    found: dict[Sample, list[float]] = {}
    errors: dict[str, str] = {}
    for sample in plan.samples:
        right = right_option(sample)
        trials = [plan.trial(sample, perturbation, draw) for draw in draws]
        if right is None or not all(trial in outcomes for trial in trials):
            continue
        responses = [outcomes[trial] for trial in trials]
        failed = [response.error for response in responses if response.error is not None]
        if failed or all(response.options for response in responses):
            found[sample] = [_share(response.options, right) for response in responses]
            errors |= {sample.id: failed[0]} if failed else {}
    return Scores(
        perturbation=str(perturbation),
        samples=tuple(sample.id for sample in found),
        clusters=tuple(sample.cluster for sample in found),
        values=np.array([*found.values()], dtype=float).reshape(len(found), len(draws)),
        errors=errors,
    )


def _share(options: Sequence[float], right: int) -> float:
    """The probability of one of some options by their log-likelihoods; NaN of none."""
    if not options:
        return np.nan
    weights = np.exp(np.array(options) - max(options))
    return float(weights[right] / weights.sum())


def _graded(scorer: Scorer, sample: Sample, responses: Iterable[Response]) -> list[Grade]:
    """The grade of each response to a sample; the same text is graded once."""
    known: dict[str, Grade] = {}
    grades: list[Grade] = []
    for response in responses:
        if response.error is None and response.text not in known:
            known[response.text] = grade(scorer, response.text, sample)
        grades.append(known[response.text] if response.error is None else response.error)
    return grades


def grade(scorer: Scorer, text: str, sample: Sample) -> Grade:
    """The score of one response, or why there is none."""
    try:
        return scorer(text, sample)
    except NotMeasured as failed:
        return str(failed)
