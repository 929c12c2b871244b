"""The records: frozen values without surprises."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest

from ipllvm import records
from ipllvm.records import Decision, Estimate, Layout, Response, Sample, Scores, Stage, Trial

RECORDS = [found for found in vars(records).values() if dataclasses.is_dataclass(found)]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: str(record.__name__))
def test_every_record_is_frozen_slotted_and_documented(record: type) -> None:
    settings = record.__dataclass_params__  # type: ignore[attr-defined]
    assert settings.frozen
    assert "__slots__" in vars(record)
    assert record.__doc__
    assert not record.__doc__.startswith(record.__name__ + "(")


def test_trials_with_the_same_content_are_the_same_trial() -> None:
    one, other = Trial("scenes-1", "clean", 0), Trial("scenes-1", "clean", 0)
    assert one == other
    assert len({one, other, Trial("scenes-1", "clean", 1)}) == 2


@pytest.mark.parametrize(
    "whole", [Trial("s\udc80", "noise", 3, 1 << 70), Response("red", (5,), "E", (-0.5,))]
)
def test_what_crosses_to_another_process_is_whole(whole: Trial | Response) -> None:
    """However many fields it has: it is pickled by their values."""
    for other in (pickle.loads(pickle.dumps(whole)), copy.deepcopy(whole)):
        assert other == whole and type(other) is type(whole)
    _, values = whole.__reduce__()
    assert values == tuple(getattr(whole, field.name) for field in dataclasses.fields(whole))


def test_decisions_and_stages_are_words() -> None:
    assert [str(decision) for decision in Decision] == ["HOLDS", "VIOLATED", "UNDECIDED", "WORSE"]
    assert [str(stage) for stage in Stage] == ["pixels", "projected", "visual_tokens", "hidden_states"]


def test_a_layout_is_as_long_as_its_tokens() -> None:
    zeros = np.zeros(5, dtype=int)
    assert len(Layout(zeros, zeros, zeros, zeros.astype(bool))) == 5


def test_defaults_belong_to_one_record_only() -> None:
    values = np.zeros((0, 1))
    first, second = (Scores("clean", (), (), values) for _ in range(2))
    assert first.errors is not second.errors
    assert Response("yes").error is None
    assert Sample("a", "b", (), "?", "yes").choices == ()
    assert Estimate("drop", "points", None, -100, 100, "none", 0, 0, 1).value is None
