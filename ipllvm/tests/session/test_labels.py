"""Labels of people: what a file may hold, and what they make of a judge's score."""

from pathlib import Path

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
