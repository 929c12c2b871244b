"""From graded answers to the figures that a benchmark publishes, in its own unit and rounding.

A total is a function of graded answers; the first of its figures is the headline. Rows without an
answer are not among them: who calls says which are missing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from ipllvm.records import Sample, Score

PERCENT = 100.0
PERCEPTION = (
    "existence",
    "count",
    "position",
    "color",
    "posters",
    "celebrity",
    "scene",
    "landmark",
    "artwork",
    "OCR",
)
COGNITION = ("commonsense_reasoning", "numerical_calculation", "text_translation", "code_reasoning")
FAILED = (-1.0, -1.0)
"""What LLaVA's script takes for a review that it can't read, and keeps in the means."""


@dataclass(frozen=True, slots=True)
class GradedSample:
    """A sample and what its answer scored."""

    sample: Sample
    score: Score


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a benchmark's table: `value` in full, `printed` as its own script rounds it.

    `unit` is "percent" or "points of N"; `n` counts the answers behind it.
    """

    name: str
    value: float
    unit: str
    n: int
    printed: str


Total = Callable[[Sequence[GradedSample]], tuple[Figure, ...]]


def accuracy(graded: Sequence[GradedSample]) -> tuple[Figure, ...]:
    """The mean score in percent."""
    return (_percent("accuracy", sum(each.score.value for each in graded), len(graded)),)


def pair_accuracy(graded: Sequence[GradedSample]) -> tuple[Figure, ...]:
    """Pairs with both answers right, in percent of pairs; then the accuracy of single answers."""
    pairs = _by_cluster(graded)
    whole = sum(len(scores) == 2 and min(scores) == 1.0 for scores in pairs.values())
    single = _percent("single answers", sum(each.score.value for each in graded), len(graded))
    return _percent("pairs", whole, len(pairs)), single


def mean_grade(graded: Sequence[GradedSample]) -> tuple[Figure, ...]:
    """MM-Vet: 100 times the mean grade, to one decimal as NumPy rounds.

    Where answers were graded several times, each run's total and their standard deviation follow.
    """
    grades = _runs(graded)
    totals = np.array([sum(run) for run in grades]) / len(graded) * PERCENT
    named = [("total", totals.mean())]
    if len(totals) > 1:
        named += [(f"grading {number}", each) for number, each in enumerate(totals, start=1)]
        named.append(("standard deviation", totals.std()))
    return tuple(
        Figure(name, float(value), "points of 100", len(graded), f"{round(value, 1)}")
        for name, value in named
    )


def _runs(graded: Sequence[GradedSample]) -> list[list[float]]:
    """The grades of each grading; what has none in an answer that was read counts as 0."""
    said = [(each.score.answer or "").split(" ") for each in graded]
    most = max(map(len, said))
    if most == 1:
        return [[each.score.value for each in graded]]
    return [[_grade(words[run]) if run < len(words) else 0.0 for words in said] for run in range(most)]


def _grade(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return 0.0


def ratio_of_means(graded: Sequence[GradedSample]) -> tuple[Figure, ...]:
    """LLaVA-W: the model's mean points over the reference's, both rounded to three decimals first.

    A review that was not read is (-1, -1) there and stays in both means, which follow, times ten.
    """
    points = [_review(each.score) for each in graded]
    reference, model = (round(mean, 3) for mean in np.asarray(points).mean(0).tolist())
    value = model / reference * PERCENT if reference else float("nan")
    means = (("reference", reference), ("model", model))
    return (
        Figure("relative score", value, "percent", len(graded), f"{round(value, 1)}"),
        *(Figure(n, 10 * mean, "points of 100", len(graded), f"{round(mean * 10, 1)}") for n, mean in means),
    )


def ratio_of_read(graded: Sequence[GradedSample]) -> tuple[Figure, ...]:
    """LLaVA-W over the reviews that were read."""
    return ratio_of_means([each for each in graded if each.score.answer is not None])


def mme_points(graded: Sequence[GradedSample]) -> tuple[Figure, ...]:
    """MME: accuracy and accuracy+ in percent of each task, summed up over its 14 tasks.

    Tasks of other names follow in the order they come in. Accuracy+ counts pictures with both questions
    right. A picture of which an answer is missing counts among the pictures. The most are 200 points a task
    that is there, 2,800 for all.
    """
    tasks: dict[str, list[GradedSample]] = {}
    for each in graded:
        tasks.setdefault(dict(each.sample.labels)["category"], []).append(each)
    order = dict.fromkeys((*PERCEPTION, *COGNITION, *tasks))
    points = {task: _task(task, tasks[task]) for task in order if task in tasks}
    sums = [
        _sum(name, [points[task][0] for task in group if task in points])
        for name, group in (
            ("perception + cognition", tuple(points)),
            ("perception", PERCEPTION),
            ("cognition", COGNITION),
        )
    ]
    return *sums, *chain.from_iterable(points.values())


def _task(name: str, graded: Sequence[GradedSample]) -> tuple[Figure, Figure, Figure]:
    pictures = _by_cluster(graded)
    right = sum(each.score.value for each in graded)
    both = sum(len(scores) == 2 and min(scores) == 1.0 for scores in pictures.values())
    plain = _percent(f"{name}: accuracy", right, len(graded))
    plus = _percent(f"{name}: accuracy+", both, len(pictures))
    value = plain.value + plus.value
    return Figure(name, value, "points of 200", len(graded), f"{value:.2f}"), plain, plus


def _sum(name: str, parts: Sequence[Figure]) -> Figure:
    most = 200 * len(parts)
    value = sum(part.value for part in parts)
    return Figure(name, value, f"points of {most}", sum(part.n for part in parts), f"{value:.2f}")


def _percent(name: str, right: float, n: int) -> Figure:
    value = right / n * PERCENT if n else float("nan")
    return Figure(name, value, "percent", n, f"{value:.2f}")


def _by_cluster(graded: Sequence[GradedSample]) -> dict[str, list[float]]:
    clusters: dict[str, list[float]] = {}
    for each in graded:
        clusters.setdefault(each.sample.cluster, []).append(each.score.value)
    return clusters


def _review(score: Score) -> tuple[float, ...]:
    """The reference's and the model's points; an answer that is not both of them was not read."""
    try:
        reference, model = map(float, (score.answer or "").split())
    except ValueError:
        return FAILED
    return reference, model
