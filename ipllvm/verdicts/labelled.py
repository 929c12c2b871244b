"""A score that a judge gave, put right by labels of people, as an estimate beside a claim."""

from collections.abc import Mapping

from ipllvm.metrics.performance_drop import score
from ipllvm.records import Estimate, Scores
from ipllvm.stats.ppi import corrected

SUFFIX = "_labelled"
"""Of the name of such an estimate."""
_POINTS = 100.0


def beside(scores: Mapping[str, Scores], labels: Mapping[str, float]) -> dict[str, Estimate]:
    """The clean score as people would have graded it, where some of them did, by its name."""
    made = estimate("clean", scores["clean"], labels) if labels and "clean" in scores else None
    return {} if made is None else {made.name: made}


def estimate(name: str, scores: Scores, labels: Mapping[str, float], seed: int = 0) -> Estimate | None:
    """The mean of `scores` as people would have scored it, in points, each bound valid at 95 %.

    `labels` are people's scores by sample id, in [0, 1]. None with fewer than 20 of these samples labelled.
    """
    judged = score(scores)
    found = corrected(judged, dict(labels))
    if found is None:
        return None
    return Estimate(
        name=f"{name}{SUFFIX}",
        unit="points",
        value=_POINTS * found.mean,
        low=_POINTS * found.low,
        high=_POINTS * found.high,
        method=f"put right by {found.labels} labels (PPI++, the judge weighs {found.trust:.2f})",
        n=len(judged.values),
        clusters=len(set(judged.clusters)),
        draws=1,
        n_error=judged.n_error,
        seed=seed,
        extra={"labels": found.labels, "judge_off": _POINTS * found.off, "judge_weight": found.trust},
    )
