"""Scores in a benchmark's own unit: the totals' numbers, with intervals that mean something."""

from dataclasses import replace

import numpy as np
import pytest

from ipllvm.evaluation.official_units import estimates, points, relative
from ipllvm.metrics.totals import GradedSample, mme_points, ratio_of_means
from ipllvm.records import Benchmark, Sample, Score, Scores

TASKS = {"existence": 30, "OCR": 20, "code_reasoning": 12}


def _mme(rng: np.random.Generator, draws: int = 1) -> tuple[Benchmark, Scores]:
    samples = tuple(
        Sample(f"{task}-{n}-{k}", f"{task}-{n}", (), "?", "yes", labels=(("category", task),))
        for task, count in TASKS.items()
        for n in range(count)
        for k in range(2)
    )
    data = Benchmark("mme", samples, "mme_lmms", "d", "made up", total="mme_points")
    values = (rng.random((len(samples), draws)) < 0.7).astype(float)
    ids, clusters = zip(*((s.id, s.cluster) for s in samples), strict=True)
    return data, Scores("clean", ids, clusters, values)


def test_points_are_those_of_the_total() -> None:
    data, scores = _mme(np.random.default_rng(0))
    graded = [
        GradedSample(sample, Score(float(row[0]), ""))
        for sample, row in zip(data.samples, scores.values, strict=True)
    ]
    found = points(data, scores)
    assert found is not None and found.value == pytest.approx(mme_points(graded)[0].value)
    assert (found.unit, found.n) == ("points of 600", 62)
    assert found.low < mme_points(graded)[0].value < found.high


@pytest.mark.parametrize("wrong", [1, 123])
def test_an_interval_of_points_ends_where_points_do(wrong: int) -> None:
    """One wrong answer of 600 was told as 598.5 points of 600, from 596 up to 601."""
    data, scores = _mme(np.random.default_rng(0))
    values = np.ones_like(scores.values)
    values[:wrong] = 0.0
    found = points(data, replace(scores, values=values))
    assert found is not None
    low, value, high = (float(each or 0.0) for each in (found.low, found.value, found.high))
    assert 0.0 <= low < value < high <= 600.0


def test_points_of_several_draws_are_the_mean_of_each_draws_points() -> None:
    data, scores = _mme(np.random.default_rng(1), draws=3)
    each = [points(data, replace(scores, values=scores.values[:, [draw]])) for draw in range(3)]
    found = points(data, scores)
    assert found is not None and found.value == pytest.approx(
        np.mean([e.value for e in each if e is not None])
    )


def test_the_interval_of_points_covers_what_it_says() -> None:
    """Each side at 95 %: about one bound in ten misses the truth, of 400 runs."""
    truth = sum(100 * (0.7 + 0.49) for _ in TASKS)
    found = [points(*_mme(np.random.default_rng(seed))) for seed in range(400)]
    missed = sum(not each.low <= truth <= each.high for each in found if each is not None)
    assert 20 <= missed <= 65


def test_a_picture_with_a_failed_answer_is_left_out_and_counted() -> None:
    data, scores = _mme(np.random.default_rng(2))
    values = scores.values.copy()
    values[0] = np.nan
    found = points(data, replace(scores, values=values))
    assert found is not None and (found.n, found.n_error) == (61, 1)
    nothing = points(data, replace(scores, values=np.full_like(values, np.nan)))
    assert nothing is None


@pytest.mark.parametrize("cut", [1, 20, 40])
def test_a_picture_that_was_not_asked_whole_is_left_out_and_counted(cut: int) -> None:
    data, scores = _mme(np.random.default_rng(5))
    names, clusters = scores.samples[:-cut], scores.clusters[:-cut]
    found = points(data, Scores("clean", names, clusters, np.ones((len(names), 1))))
    assert found is not None and found.n + found.n_error == len(set(clusters))
    assert found.value == pytest.approx(600 if cut < 24 else 400)
    assert found.n_error == cut % 2


@pytest.mark.parametrize(
    "pictures", [[[1, 1], [0]], [[1], [1, 1], [0, 1]], [[1, 1, 1], [0, 1], [1, 0]], [[0], [0], [1, 1]]]
)
def test_points_are_those_of_the_total_where_pictures_have_other_numbers_of_questions(
    pictures: list[list[int]],
) -> None:
    samples = tuple(
        Sample(f"{n}-{k}", str(n), (), "?", "yes", labels=(("category", "count"),))
        for n, answers in enumerate(pictures)
        for k in range(len(answers))
    )
    values = [float(value) for answers in pictures for value in answers]
    data = Benchmark("mme", samples, "mme_lmms", "d", "made up", total="mme_points")
    ids, clusters = zip(*((s.id, s.cluster) for s in samples), strict=True)
    found = points(data, Scores("clean", ids, clusters, np.array(values)[:, None]))
    graded = [GradedSample(s, Score(value, "")) for s, value in zip(samples, values, strict=True)]
    assert found is not None and found.value == pytest.approx(mme_points(graded)[0].value)


def test_the_interval_of_points_covers_what_it_says_where_pictures_have_one_or_two_questions() -> None:
    """Each side at 95 %, of 400 runs of 120 pictures; both right counts for pictures with two alone."""
    truth, missed = 100 * (0.7 + 0.49 / 2), 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        ids = [(f"{n}-{k}", str(n)) for n in range(120) for k in range(1 + int(rng.random() < 0.5))]
        samples = tuple(Sample(i, c, (), "?", "yes", labels=(("category", "count"),)) for i, c in ids)
        data = Benchmark("mme", samples, "mme_lmms", "d", "made up", total="mme_points")
        names, clusters = zip(*ids, strict=True)
        values = (rng.random((len(ids), 1)) < 0.7).astype(float)
        found = points(data, Scores("clean", names, clusters, values))
        assert found is not None
        missed += not found.low <= truth <= found.high
    assert 20 <= missed <= 65


def test_a_task_of_a_single_picture_has_no_interval() -> None:
    data, scores = _mme(np.random.default_rng(3))
    few = Scores("clean", scores.samples[:2], scores.clusters[:2], scores.values[:2])
    found = points(data, few)
    assert found is not None and (found.low, found.high) == (-np.inf, np.inf)


def _llavaw(reviews: list[str | None]) -> tuple[Benchmark, Scores]:
    samples = tuple(Sample(f"w-{n}", f"w-{n}", (), "?", "") for n in range(len(reviews)))
    data = Benchmark("llavaw", samples, "llavaw_judge", "d", "made up", total="ratio_of_means")
    values = np.array([[float(r.split()[1]) / 10 if r else 0.0] for r in reviews])
    names = tuple(s.id for s in samples)
    return data, Scores("clean", names, names, values, answers=tuple((r,) for r in reviews))


def test_the_relative_score_is_the_ratio_of_both_means() -> None:
    reviews = [f"{8 + n % 2}.0 {5 + n % 4}.0" for n in range(24)]
    data, scores = _llavaw([*reviews])
    graded = [
        GradedSample(sample, Score(0.5, review)) for sample, review in zip(data.samples, reviews, strict=True)
    ]
    found = relative(data, scores)
    assert found is not None and found.value == pytest.approx(ratio_of_means(graded)[0].value, abs=0.1)
    assert found.unit == "%" and found.low < (found.value or 0) < found.high


def test_reviews_that_were_not_read_are_left_out() -> None:
    data, scores = _llavaw([*["8.0 4.0", "10.0 5.0"] * 12, None])
    found = relative(data, scores)
    assert found is not None and found.n == 24 and found.value == pytest.approx(50.0)
    assert relative(*_llavaw([None, None])) is None


def test_other_benchmarks_have_no_unit_of_their_own() -> None:
    data, scores = _mme(np.random.default_rng(4))
    assert estimates(replace(data, total="accuracy"), {"clean": scores}) == {}
    assert set(estimates(data, {"clean": scores, "permuted": scores})) == {"clean_points", "permuted_points"}
