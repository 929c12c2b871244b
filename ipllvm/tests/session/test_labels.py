"""Labels of people: what a file may hold, and what they make of a judge's score."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ipllvm.errors import UsageError
from ipllvm.records import Label, Scores
from ipllvm.session import labels
from ipllvm.verdicts import labelled

GOOD = '{"id": "a", "answer": "red", "label": 1}\n\n{"id": "b", "answer": "", "label": 0.5}\n'


def test_labels_are_read(tmp_path: Path) -> None:
    (tmp_path / "l.jsonl").write_text(GOOD)
    assert labels.load(tmp_path / "l.jsonl") == {"a": Label("red", 1.0), "b": Label("", 0.5)}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"id": 1, "answer": "x", "label": 1}',
        '{"id": "a", "answer": "x", "label": "x"}',
        '{"id": "a", "answer": "x", "label": 2}',
        '{"id": "a", "answer": 3, "label": 1}',
        '{"id": "a", "label": 1}',
        2 * GOOD,
    ],
)
def test_what_are_no_labels_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "l.jsonl").write_text(text)
    with pytest.raises(UsageError, match=r"^--labels .*l\.jsonl: ") as refused:
        labels.path("labels", str(tmp_path / "l.jsonl"))
    assert "\n" not in str(refused.value)
    with pytest.raises(UsageError, match="can't be read"):
        labels.load(tmp_path / "none")


def test_a_judge_that_is_too_kind_is_put_right() -> None:
    rng = np.random.default_rng(0)
    people = (rng.random(300) < 0.7).astype(float)
    kind = np.maximum(people, rng.random(300) < 0.5)
    ids = tuple(map(str, range(300)))
    scores = Scores("clean", ids, ids, kind[:, None])
    known = {str(i): Label("yes", float(people[i])) for i in range(50)}
    made = labelled.estimate("clean", scores, known, dict.fromkeys(ids, " yes"))
    assert made is not None and made.name == "clean_labelled"
    assert made.value is not None and made.low <= 100 * people.mean() <= made.high
    assert abs(made.value - 100 * people.mean()) < abs(100 * kind.mean() - 100 * people.mean())
    assert made.extra["judge_off"] > 0 and "50 labels" in made.method
    assert (
        labelled.estimate("clean", scores, {"another": Label("yes", 1.0)}, dict.fromkeys(ids, "yes")) is None
    )


def test_a_label_is_of_the_answer_that_was_graded() -> None:
    """Those of one model's answers say nothing of another's."""
    ids = tuple(map(str, range(60)))
    known = {name: Label("a red ball", 1.0) for name in ids}
    wrong = Scores("clean", ids, ids, np.zeros((60, 1)))
    given = dict.fromkeys(ids, "nonsense")
    none = labelled.estimate("clean", wrong, known, given)
    assert none is not None and none.value is None and (none.low, none.high) == (0.0, 100.0)
    assert none.method == "not put right: 0 of the 20 labels that it takes; 60 labels are of other answers"
    some = labelled.estimate("clean", wrong, known, given | dict.fromkeys(ids[:25], "a red ball"))
    assert some is not None and some.extra["labels"] == 25
    assert some.method.endswith("; 35 labels are of other answers")


@pytest.mark.parametrize(
    ("chosen", "said"), [("wrong", False), ("sorted", False), ("first", True), ("all", True)]
)
def test_labels_of_chosen_answers_put_nothing_right(chosen: str, said: bool) -> None:
    """Or the 50 that a judge called wrong would be told as the score of all: 0 points for 70."""
    judge = (np.random.default_rng(2).random(300) < 0.7).astype(float)
    places = {"wrong": np.flatnonzero(judge == 0)[:50], "sorted": np.argsort(-judge, kind="stable")[:50]}
    places |= {"first": np.arange(50), "all": np.arange(300)}
    ids = tuple(map(str, range(300)))
    scores = Scores("clean", ids, ids, judge[:, None])
    known = {ids[i]: Label("yes", float(judge[i])) for i in places[chosen]}
    made = labelled.estimate("clean", scores, known, dict.fromkeys(ids, "yes"))
    assert made is not None and (made.value is not None) is said
    assert ("not put right: the judge gives the labelled answers" in made.method) is not said
    assert said or made.method.endswith("label answers that were drawn at random")


def test_labels_of_samples_that_failed_and_of_none_are_told(tmp_path: Path) -> None:
    ids = tuple(map(str, range(60)))
    values = np.where(np.arange(60) < 30, np.nan, 1.0)[:, None]
    scores = Scores("clean", ids, ids, values, dict.fromkeys(ids[:30], "Error"))
    known = {name: Label("yes", 1.0) for name in ids[:30]}
    made = labelled.estimate("clean", scores, known, dict.fromkeys(ids[30:], "yes"))
    told = "; 30 labels are of samples that failed"
    assert made is not None and made.value is None and made.method.endswith(told)
    every = dict.fromkeys(ids, Label("yes", 1.0))
    more = labelled.estimate("clean", scores, every, dict.fromkeys(ids, "yes"))
    assert more is not None and more.extra["labels"] == 30 and told in more.method
    file = tmp_path / "people.jsonl"
    rows: list[dict[str, Any]] = [{"estimates": {"clean": {}}}]
    assert labels.unused(file, rows) == [f"--labels {file}: no label is of a sample that was asked"]
    assert labels.unused(file, [*rows, {"estimates": {"clean": {}, "clean_labelled": {}}}]) == []
    assert labels.unused(None, rows) == labels.unused(file, []) == []
