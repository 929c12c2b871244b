"""Scores in a benchmark's own unit, with an interval: MME's points, LLaVA-W's relative score."""

import math
from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np
from scipy.special import stdtrit

from ipllvm.metrics.weighted import weighted
from ipllvm.records import Benchmark, Estimate, Scores
from ipllvm.verdicts.series import percent

ALPHA = 0.05
PERCENT = 100.0
Rows = Mapping[str, list[int]]
Picture = tuple[float, float, float]


def estimates(benchmark: Benchmark, scores_by_name: Mapping[str, Scores]) -> dict[str, Estimate]:
    """By the name of the score and of the unit; empty where the scores are in the unit already."""
    ending, make = _MAKERS.get(benchmark.total, ("", _none))
    results = {f"{name}_{ending}": make(benchmark, each) for name, each in scores_by_name.items()}
    return {name: each for name, each in results.items() if each is not None}


def points(benchmark: Benchmark, scores: Scores) -> Estimate | None:
    """MME: accuracy and accuracy+ of each task in percent, summed up (totals.mme_points).

    A draw's points are averaged. The interval is Welch's over the tasks' pictures, unbounded where a task has
    a single one; pictures with a failed answer, or of which not every question of `benchmark` was put, are
    left out and counted. None where a task is left without a picture.
    """
    tasks = {sample.id: dict(sample.labels).get("category", "") for sample in benchmark.samples}
    whole = Counter(sample.cluster for sample in benchmark.samples)
    groups: dict[str, list[Picture]] = {}
    lost = 0
    for cluster, rows in _by_cluster(scores).items():
        block, task = scores.values[rows], groups.setdefault(tasks[scores.samples[rows[0]]], [])
        if len(rows) < whole[cluster] or np.isnan(block).any():
            lost += 1
        else:
            task.append(_picture(block))
    if not groups or not all(groups.values()):
        return None
    parts = [_influence(np.array(pictures)) for pictures in groups.values()]
    most = 200 * len(parts)
    low, high = _welch(parts)
    if math.isfinite(low + high):
        low, high = max(low, 0.0), min(high, float(most))
    n, value = sum(map(len, parts)), PERCENT * sum(float(part.mean()) for part in parts)
    name, unit, draws = scores.perturbation, f"points of {most}", scores.values.shape[1]
    return Estimate(name, unit, value, low, high, "Welch, stratified by task", n, n, draws, n_error=lost)


def relative(benchmark: Benchmark, scores: Scores) -> Estimate | None:
    """LLaVA-W: the mean of the points that a judge gave the model over that of the reference, in percent.

    None where no review was read: its answer holds both numbers (scorers/official/llavaw.py).
    """
    read = [[_points(answer) for answer in row] for row in scores.answers]
    complete = [i for i, row in enumerate(read) if all(row) and not np.isnan(scores.values[i]).any()]
    if not complete:
        return None
    table = np.array([read[i] for i in complete], float) / 10.0  # [samples, draws, reference and model]
    reference, model = (_made(scores, complete, table[:, :, side]) for side in (0, 1))
    above = weighted("model", [(1.0, model), (0.0, reference)])
    return percent(scores.perturbation, (above, weighted("reference", [(0.0, model), (1.0, reference)])))


def _none(benchmark: Benchmark, scores: Scores) -> None:
    return None


_MAKERS: dict[str, tuple[str, Callable[[Benchmark, Scores], Estimate | None]]] = {
    "mme_points": ("points", points),
    "ratio_of_means": ("relative", relative),
    "ratio_of_read": ("relative", relative),
}


def _picture(block: "np.ndarray") -> Picture:
    """Right answers, questions, and whether both are right, by scores [questions, draws] on a picture."""
    both = (block == 1.0).all(0) if len(block) == 2 else np.zeros(block.shape[1])
    return float(block.mean(1).sum()), float(len(block)), float(both.mean())


def _influence(pictures: "np.ndarray") -> "np.ndarray":
    """A task's accuracy + accuracy+ as the mean over pictures, shape [pictures].

    Accuracy is a ratio, of right answers to questions, and linearised; where all pictures have as many
    questions it is the plain mean.
    """
    right, questions, both = pictures.T
    ratio = right.sum() / questions.sum()
    return np.asarray(ratio + (right - ratio * questions) / questions.mean() + both)


def _by_cluster(scores: Scores) -> Rows:
    rows: dict[str, list[int]] = {}
    for row, cluster in enumerate(scores.clusters):
        rows.setdefault(cluster, []).append(row)
    return rows


def _welch(groups: list["np.ndarray"]) -> tuple[float, float]:
    """Bounds of 100 times the sum of the groups' means, 5 % on each side (Welch 1947)."""
    if any(len(group) < 2 for group in groups):
        return -math.inf, math.inf
    parts = [float(group.var(ddof=1)) / len(group) for group in groups]
    total = sum(parts)
    if total == 0:
        return -math.inf, math.inf
    freedom = total**2 / sum(part**2 / (len(group) - 1) for part, group in zip(parts, groups, strict=True))
    middle = sum(float(group.mean()) for group in groups)
    reach = float(stdtrit(freedom, 1 - ALPHA)) * math.sqrt(total)
    return PERCENT * (middle - reach), PERCENT * (middle + reach)


def _points(answer: str | None) -> tuple[float, float] | None:
    numbers = [float(word) for word in (answer or "").split()]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else None


def _made(scores: Scores, complete: list[int], values: "np.ndarray") -> Scores:
    names, clusters = ([each[i] for i in complete] for each in (scores.samples, scores.clusters))
    return Scores(scores.perturbation, tuple(names), tuple(clusters), np.clip(values, 0, 1))
