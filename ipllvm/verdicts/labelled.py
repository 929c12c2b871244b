"""A score that a judge gave, put right by labels of people, as an estimate beside a claim."""

from collections.abc import Mapping

import numpy as np

from ipllvm.metrics.performance_drop import score
from ipllvm.records import Contrast, Estimate, Label, Scores
from ipllvm.sampling import generator
from ipllvm.stats.ppi import FEWEST_LABELS, chosen, corrected

SUFFIX = "_labelled"
"""Of the name of such an estimate."""
_POINTS = 100.0
_CHOSEN = 0.001
"""Ours: with a smaller p-value the labelled answers were chosen, and say nothing of the others."""


def beside(
    scores: Mapping[str, Scores], labels: Mapping[str, Label], answers: Mapping[str, str]
) -> dict[str, Estimate]:
    """The clean score as people would have graded it, where some of them did, by its name.

    `answers` are what the samples gave, by id: a label of another answer, as of another model, is left out.
    """
    made = estimate("clean", scores["clean"], labels, answers) if labels and "clean" in scores else None
    return {} if made is None else {made.name: made}


def estimate(
    name: str, scores: Scores, labels: Mapping[str, Label], answers: Mapping[str, str], seed: int = 0
) -> Estimate | None:
    """The mean of `scores` as people would have scored it, in points, each bound valid at 95 %.

    None where none of these samples has a label; without a value, and why, with fewer than 20 that are of
    the `answers` that were given, and where the judge scores what has a label unlike the rest.
    """
    judged = score(scores)
    own = {sample: labels[sample] for sample in scores.samples if sample in labels}
    if not own:
        return None
    measured = {sample: own[sample] for sample in judged.samples if sample in own}
    fitting = {
        sample: label.score
        for sample, label in measured.items()
        if label.answer.strip() == answers.get(sample, "").strip()
    }
    others = _told(len(measured) - len(fitting), "of other answers")
    others += _told(len(own) - len(measured), "of samples that failed")
    found = corrected(judged, fitting)
    if found is None:
        few = f"{len(fitting)} of the {FEWEST_LABELS} labels that it takes{others}"
        return _not_put_right(name, judged, few, seed)
    p = chosen(judged, fitting, generator("labels", seed))
    if p is not None and p <= _CHOSEN:
        has = np.array([sample in fitting for sample in judged.samples])
        mine, every = (f"{_POINTS * part.mean():.1f}" for part in (judged.values[has], judged.values))
        unlike = f"the judge gives the labelled answers {mine} points, all answers {every}{others}"
        return _not_put_right(name, judged, f"{unlike}; label answers that were drawn at random", seed)
    missing = "; worst case for missing samples" if judged.n_error else ""
    by = f"put right by {found.labels} labels (PPI++, the judge weighs {found.trust:.2f})"
    return Estimate(
        name=f"{name}{SUFFIX}",
        unit="points",
        value=_POINTS * found.mean,
        low=_POINTS * found.low,
        high=_POINTS * found.high,
        method=f"{by}{others}{missing}",
        n=len(judged.values),
        clusters=len(set(judged.clusters)),
        draws=1,
        n_error=judged.n_error,
        seed=seed,
        extra={"labels": found.labels, "judge_off": _POINTS * found.off, "judge_weight": found.trust},
    )


def _told(labels: int, what: str) -> str:
    """What a method says of labels that are left out, if there are any."""
    return f"; {labels} labels are {what}" if labels else ""


def _not_put_right(name: str, judged: Contrast, why: str, seed: int) -> Estimate:
    """That there is no such score, and why."""
    n, clusters, why = len(judged.values), len(set(judged.clusters)), f"not put right: {why}"
    return Estimate(
        f"{name}{SUFFIX}", "points", None, 0.0, _POINTS, why, n, clusters, 1, judged.n_error, seed
    )
