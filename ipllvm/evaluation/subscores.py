"""What a benchmark publishes of a run: its total in its own unit, and the scores of its categories."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ipllvm.benchmarks.subset import OF_PAIRS
from ipllvm.evaluation import official_units
from ipllvm.metrics.totals import Figure, GradedSample, Total
from ipllvm.records import Benchmark, Estimate, Sample, Score, Scores
from ipllvm.registry import TOTALS
from ipllvm.verdicts import decide

MEANS = ("accuracy", "pair_accuracy", "mean_grade")
"""Totals that are means of scores in [0, 1]."""


def by_label(benchmark: Benchmark, scores: Scores, seed: int = 0) -> dict[str, Estimate]:
    """The mean score, with its interval, of the samples that share a label, by "NAME, AXIS = LABEL".

    Empty where the benchmark has no axes. Samples with an error are counted as in the whole.
    """
    places = {sample: row for row, sample in enumerate(scores.samples)}
    found: dict[str, Estimate] = {}
    for axis, label, samples in _groups(benchmark):
        rows = [places[sample.id] for sample in samples if sample.id in places]
        if rows:
            name = f"{scores.perturbation}, {axis} = {label}"
            found[name] = decide.accuracy(name, scores.at(rows), seed=seed)
    return found


def bounds(total: str, graded: Sequence[GradedSample]) -> tuple[float, float] | None:
    """Where a total's headline may be, in its unit, 5 % on each side; None where nobody can say."""
    if not graded:
        return None
    if total not in MEANS:
        return _bounds_in_units(total, graded)
    groups: dict[str, list[float]] = {}
    for each in graded:
        groups.setdefault(each.sample.cluster, []).append(each.score.value)
    rows = [(cluster, value) for cluster, values in groups.items() for value in values]
    if total == "pair_accuracy":
        rows = [(c, float(len(values) == 2 and min(values) == 1.0)) for c, values in groups.items()]
    names = tuple(map(str, range(len(rows))))
    table = np.array([value for _, value in rows], float).reshape(-1, 1)
    found = decide.accuracy(total, Scores(total, names, tuple(cluster for cluster, _ in rows), table))
    return found.low, found.high


def _bounds_in_units(total: str, graded: Sequence[GradedSample]) -> tuple[float, float] | None:
    """The bounds of points and ratios; none of a ratio in which reviews count that were not read."""
    if total == "ratio_of_means" and any(each.score.answer is None for each in graded):
        return None
    samples = tuple(replace(each.sample, id=str(place)) for place, each in enumerate(graded))
    scores = Scores(
        total,
        tuple(sample.id for sample in samples),
        tuple(sample.cluster for sample in samples),
        np.array([each.score.value for each in graded], float).reshape(-1, 1),
        answers=tuple((each.score.answer,) for each in graded),
    )
    data = Benchmark(total, samples, total, "", "", total=total)
    found = next(iter(official_units.estimates(data, {total: scores}).values()), None)
    return None if found is None or not math.isfinite(found.low + found.high) else (found.low, found.high)


def official(benchmark: Benchmark, scores: Scores) -> dict[str, str]:
    """The benchmark's own total and what it is made of, as its script prints them.

    Samples with an error are left out and said, of a total of pairs the other of the pair too. Empty
    where the benchmark has no total of its own.
    """
    if not benchmark.total:
        return {}
    total: Total = TOTALS.load(benchmark.total)
    graded = {each.sample.id: each for each in _whole(benchmark, list(_graded(benchmark, scores)))}
    if not graded:
        return {"official total": "nothing was scored"}
    lost = len(scores.samples) - len(graded)
    head, *rest = total(list(graded.values()))
    told = {"official total": f"{_shown(head)}{_without(benchmark, lost)}"}
    if rest:
        told["official sub-scores"] = ", ".join(f"{each.name} {each.printed}" for each in rest)
    for axis in benchmark.axes:
        named = ((label, samples) for key, label, samples in _groups(benchmark) if key == axis)
        groups = {label: [graded[s.id] for s in samples if s.id in graded] for label, samples in named}
        cells = [f"{label} {total(each)[0].printed}" for label, each in groups.items() if each]
        told |= {f"official by {axis}": ", ".join(cells)} if cells else {}
    return told


def _without(benchmark: Benchmark, lost: int) -> str:
    why = "of pictures where one failed or was not asked" if benchmark.total in OF_PAIRS else "that failed"
    return f", without {lost} samples {why}" if lost else ""


def _groups(benchmark: Benchmark) -> Iterator[tuple[str, str, list[Sample]]]:
    """Axis, label and the samples that carry it."""
    for axis in benchmark.axes:
        groups: dict[str, list[Sample]] = {}
        for sample in benchmark.samples:
            for label in dict.fromkeys(value for key, value in sample.labels if key == axis):
                groups.setdefault(label, []).append(sample)
        for label, samples in groups.items():
            yield axis, label, samples


def _graded(benchmark: Benchmark, scores: Scores) -> Iterator[GradedSample]:
    """The samples with a score, of the first draw."""
    samples = {sample.id: sample for sample in benchmark.samples}
    for row, name in enumerate(scores.samples):
        value = float(scores.values[row, 0])
        if name in samples and not np.isnan(value):
            yield GradedSample(samples[name], Score(value, scores.answers[row][0] if scores.answers else ""))


def _whole(benchmark: Benchmark, graded: Sequence[GradedSample]) -> list[GradedSample]:
    """Of a total of pairs without pictures of which an answer is missing, which would count as wrong."""
    whole = Counter(sample.cluster for sample in benchmark.samples)
    answered = Counter(each.sample.cluster for each in graded)
    pairs = benchmark.total in OF_PAIRS
    return [
        each for each in graded if not pairs or answered[each.sample.cluster] == whole[each.sample.cluster]
    ]


def _shown(figure: Figure) -> str:
    return f"{figure.printed} {figure.unit}"
