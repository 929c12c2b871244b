"""From outcomes to scores: every answer of a plan graded by the benchmark's scorer."""

from collections.abc import Mapping

import numpy as np

from ipllvm import registry
from ipllvm.engine.plan import Plan
from ipllvm.records import Perturbation, Response, Scores, Trial


def scores_of(
    plan: Plan, perturbation: Perturbation, scorer: str, outcomes: Mapping[Trial, Response]
) -> Scores:
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
        grades = {text: grade(text, sample) for text in {r.text for r in responses if r.error is None}}
        rows.append([np.nan if r.error is not None else grades[r.text] for r in responses])
        samples.append(sample)
    return Scores(
        perturbation=str(perturbation),
        samples=tuple(sample.id for sample in samples),
        clusters=tuple(sample.cluster for sample in samples),
        values=np.array(rows, dtype=float).reshape(len(rows), len(draws)),
        errors=errors,
    )
