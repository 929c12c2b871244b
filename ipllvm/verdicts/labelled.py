"""A score that a judge gave, put right by labels of people, as an estimate beside a claim."""

from collections.abc import Mapping

from ipllvm.metrics.performance_drop import score
from ipllvm.records import Contrast, Estimate, Label, Scores
from ipllvm.stats.ppi import FEWEST_LABELS, corrected

SUFFIX = "_labelled"
"""Of the name of such an estimate."""
_POINTS = 100.0


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
    the `answers` that were given.
    """
    judged = score(scores)
    own = {sample: labels[sample] for sample in judged.samples if sample in labels}
    fitting = {
        sample: label.score
        for sample, label in own.items()
        if label.answer.strip() == answers.get(sample, "").strip()
    }
    others = f"; {len(own) - len(fitting)} labels are of other answers" if len(fitting) < len(own) else ""
    found = corrected(judged, fitting)
    if found is None:
        return _too_few(name, judged, len(fitting), others, seed) if own else None
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


def _too_few(name: str, judged: Contrast, labels: int, others: str, seed: int) -> Estimate:
    """That there is no such score, and why."""
    why = f"not put right: {labels} of the {FEWEST_LABELS} labels that it takes{others}"
    n, clusters = len(judged.values), len(set(judged.clusters))
    return Estimate(
        f"{name}{SUFFIX}", "points", None, 0.0, _POINTS, why, n, clusters, 1, judged.n_error, seed
    )
