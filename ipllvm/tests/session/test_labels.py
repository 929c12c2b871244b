"""Labels of people: what a file may hold, and what they make of a judge's score."""

from pathlib import Path

import numpy as np
import pytest

from ipllvm.errors import UsageError
from ipllvm.records import Scores
from ipllvm.session import labels
from ipllvm.verdicts import labelled

GOOD = '{"id": "a", "label": 1}\n\n{"id": "b", "label": 0.5}\n'


def test_labels_are_read(tmp_path: Path) -> None:
    (tmp_path / "l.jsonl").write_text(GOOD)
    assert labels.load(tmp_path / "l.jsonl") == {"a": 1.0, "b": 0.5}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"id": 1, "label": 1}',
        '{"id": "a", "label": "x"}',
        '{"id": "a", "label": 2}',
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
    made = labelled.estimate("clean", scores, {str(i): float(people[i]) for i in range(50)})
    assert made is not None and made.name == "clean_labelled"
    assert made.value is not None and made.low <= 100 * people.mean() <= made.high
    assert abs(made.value - 100 * people.mean()) < abs(100 * kind.mean() - 100 * people.mean())
    assert made.extra["judge_off"] > 0 and "50 labels" in made.method
    assert labelled.estimate("clean", scores, {"0": 1.0}) is None
