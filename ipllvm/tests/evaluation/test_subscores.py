"""The official total and the scores of categories, of the scores of a run."""

import numpy as np
import pytest

from ipllvm.evaluation.subscores import by_label, official
from ipllvm.records import Benchmark, Sample, Scores

TASKS = ("existence", "existence", "OCR", "OCR")


def benchmark(total: str, axes: tuple[str, ...] = ("category",)) -> Benchmark:
    samples = tuple(
        Sample(f"s{n}", f"picture {n // 2}", (), "?", "yes", labels=(("category", task), ("hidden", "x")))
        for n, task in enumerate(TASKS)
    )
    return Benchmark("toy", samples, "yes_no", "digest", "source", axes=axes, total=total)


def scores(*values: float) -> Scores:
    data = benchmark("")
    table = np.array(values, float).reshape(-1, 1)
    errors = {f"s{n}": "failed" for n, value in enumerate(values) if value != value}
    names = tuple(sample.id for sample in data.samples)
    answers = tuple((None if value != value else "yes",) for value in values)
    return Scores("clean", names, tuple(s.cluster for s in data.samples), table, errors, answers)


def test_every_label_of_an_axis_has_its_score_and_interval() -> None:
    found = by_label(benchmark("accuracy"), scores(1, 1, 1, 0))
    assert list(found) == ["clean, category = existence", "clean, category = OCR"]
    ocr = found["clean, category = OCR"]
    assert (ocr.value, ocr.n, ocr.unit) == (50.0, 2, "points") and ocr.low <= 50 <= ocr.high


def test_the_official_total_is_as_its_script_prints_it() -> None:
    told = official(benchmark("mme_points", axes=()), scores(1, 1, 1, 0))
    assert told["official total"] == "250.00 points of 400"
    assert "OCR: accuracy+ 0.00" in told["official sub-scores"]
    told = official(benchmark("accuracy"), scores(1, 1, 1, 0))
    assert told == {"official total": "75.00 percent", "official by category": "existence 100.00, OCR 50.00"}


def test_a_sample_that_failed_is_left_out_and_told() -> None:
    data, failed = benchmark("accuracy"), scores(1, np.nan, 1, 0)
    assert official(data, failed)["official total"] == "66.67 percent, without 1 samples that failed"
    assert by_label(data, failed)["clean, category = existence"].n_error == 1
    assert official(data, scores(*[np.nan] * 4)) == {"official total": "nothing was scored"}


@pytest.mark.parametrize(("values", "total"), [((1, 1, 1, np.nan), "200.00"), ((np.nan, 1, 1, 0), "50.00")])
def test_a_pair_with_a_failed_answer_is_not_a_pair_that_is_wrong(
    values: tuple[float, ...], total: str
) -> None:
    told = official(benchmark("mme_points", axes=()), scores(*values))["official total"]
    assert told == f"{total} points of 200, without 2 samples of pictures where one failed or was not asked"


def test_a_benchmark_without_categories_has_neither() -> None:
    plain = benchmark("", axes=())
    assert by_label(plain, scores(1, 1, 1, 0)) == {} and official(plain, scores(1, 1, 1, 0)) == {}
