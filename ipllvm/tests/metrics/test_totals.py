"""Official totals against figures worked out by hand."""

import math

import pytest

from ipllvm.metrics.totals import (
    PERCEPTION,
    Figure,
    GradedSample,
    accuracy,
    mean_grade,
    mme_points,
    pair_accuracy,
    ratio_of_means,
    ratio_of_read,
)
from ipllvm.records import Sample, Score


def graded(*values: float, cluster: str = "", **labels: str) -> list[GradedSample]:
    rows = tuple(labels.items())
    return [
        GradedSample(
            Sample(f"{cluster}-{n}", cluster or f"{n}", (), "", "", labels=rows), Score(value, "read")
        )
        for n, value in enumerate(values)
    ]


def reviews(*pairs: tuple[float, float] | None) -> list[GradedSample]:
    sample = Sample("s", "s", (), "", "")
    return [
        GradedSample(sample, Score(0.5, None if pair is None else f"{pair[0]} {pair[1]}")) for pair in pairs
    ]


def named(figures: tuple[Figure, ...]) -> dict[str, str]:
    return {figure.name: figure.printed for figure in figures}


def test_accuracy_is_in_percent_with_two_decimals() -> None:
    assert accuracy(graded(1, 0, 0)) == (Figure("accuracy", 1 / 3 * 100, "percent", 3, "33.33"),)


def test_a_pair_counts_with_both_answers_right() -> None:
    rows = graded(1, 1, cluster="a") + graded(1, 0, cluster="b") + graded(1, cluster="half")
    assert named(pair_accuracy(rows)) == {"pairs": "33.33", "single answers": "80.00"}


def test_a_lone_answer_or_a_third_one_makes_no_pair() -> None:
    rows = graded(1, 1, cluster="a") + graded(1, cluster="one") + graded(1, 1, 1, cluster="three")
    assert named(pair_accuracy(rows))["pairs"] == "33.33"
    assert named(pair_accuracy(graded(1, 1, cluster="a") + graded(1, 1, cluster="b")))["pairs"] == "100.00"


def test_grades_are_rounded_as_numpy_rounds() -> None:
    # 31.05 % has no exact form: NumPy goes by 310.5, which it rounds to the even 310.
    assert mean_grade(graded(*[0.1] * 621, *[0.0] * 1379))[0].printed == "3.1"
    assert mean_grade(graded(0.3, 0.6, 0.9))[0].printed == "60.0"


def test_the_ratio_of_means_rounds_both_means_first() -> None:
    pairs = [(9.0, 6.0), (8.0, 7.0), (8.0, 8.0)]
    reference, model = round(25 / 3, 3), round(21 / 3, 3)
    assert ratio_of_means(reviews(*pairs))[0].printed == str(round(model / reference * 100, 1)) == "84.0"


def test_a_failed_review_stays_in_the_official_means_only() -> None:
    rows = reviews((9.0, 6.0), None)
    assert ratio_of_means(rows)[0].printed == str(round(2.5 / 4 * 100, 1))
    assert ratio_of_read(rows)[0].printed == str(round(6 / 9 * 100, 1))
    assert ratio_of_means(reviews(None, None))[0].printed == "100.0"  # -1 over -1, as the script says


def test_mme_adds_accuracy_and_accuracy_plus_of_every_task() -> None:
    rows = (
        graded(1, 1, cluster="a", category="existence")
        + graded(1, 0, cluster="b", category="existence")
        + graded(1, 1, cluster="c", category="code_reasoning")
    )
    found = named(mme_points(rows))
    assert found["existence: accuracy"] == "75.00" and found["existence: accuracy+"] == "50.00"
    assert found["existence"] == found["perception"] == "125.00"
    assert found["cognition"] == "200.00" and found["perception + cognition"] == "325.00"
    assert [figure.unit for figure in mme_points(rows)[:2]] == ["points of 400", "points of 200"]


def test_an_answer_that_is_missing_keeps_its_picture_from_accuracy_plus() -> None:
    rows = graded(1, 1, cluster="a", category="OCR") + graded(1, cluster="b", category="OCR")
    found = named(mme_points(rows))
    assert found["OCR: accuracy"] == "100.00" and found["OCR: accuracy+"] == "50.00"


@pytest.mark.parametrize(
    "tasks", [("zebra", "alpha", "count", "beta"), tuple("hgfedcba"), ("OCR", "x", "existence", "w")]
)
def test_tasks_of_other_names_follow_in_the_order_they_come_in(tasks: tuple[str, ...]) -> None:
    rows = [each for task in tasks for each in graded(1, 1, cluster=task, category=task)]
    names = [figure.name for figure in mme_points(rows)][3::3]
    own = [task for task in PERCEPTION if task in tasks]
    assert names == [*own, *(task for task in tasks if task not in own)]


def test_nothing_is_not_zero() -> None:
    assert math.isnan(accuracy([])[0].value)
