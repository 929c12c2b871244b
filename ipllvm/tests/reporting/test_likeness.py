"""What coincides by construction is drawn once; what does not is drawn."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.reporting.likeness import distinct


def series(
    name: str, values: Sequence[float | None], unit: str = "points", quantity: str = "score"
) -> dict[str, Any]:
    """A curve at 0.1, 0.2, and so on."""
    points = [{"at": [(i + 1) / 10], "value": value} for i, value in enumerate(values)]
    return {"name": name, "quantity": quantity, "unit": unit, "axes": ["ratio"], "points": points}


def test_equal_curves_are_one_of_both_names() -> None:
    (found,) = distinct([series("random", [9, 5, 1]), series("salient", [9, 5, 1])])
    assert found.names == ("random", "salient")


def test_a_share_that_only_repeats_its_axis_is_none() -> None:
    assert distinct([series("dropped", [10.2, 19.9, 29.6], "%", "cells that were dropped")]) == []
    assert len(distinct([series("kept", [90.0, 80.0, 70.0], "%")])) == 1
    assert len(distinct([series("dropped", [10.0, 20.0, 30.0])])) == 1, "points are no share"


def test_the_same_on_another_scale_is_told_and_not_drawn() -> None:
    loss = series("loss", [27.5, 26.5, 11.0, 3.0])
    (found,) = distinct([loss, series("pil", [41.25, 39.75, 16.5, 4.5], "%", "share lost")])
    assert found.like == ("pil",)


@pytest.mark.parametrize("values", [[9.0, 5.0, 1.1], [9.0, 5.0, None]])
def test_curves_that_differ_are_two(values: list[float | None]) -> None:
    assert len(distinct([series("a", [9, 5, 1]), series("b", values)])) == 2


def test_three_points_on_a_line_are_no_proof() -> None:
    assert len(distinct([series("a", [10.0, 50.0, 60.0]), series("b", [20.0, 100.0, 120.0], "%")])) == 2


@given(st.lists(st.floats(-100, 100), min_size=4, max_size=9), st.integers(0, 99))
def test_nothing_measured_gets_lost(values: list[float], seed: int) -> None:
    """Of any curves each name is drawn, or told beside one that is."""
    noise = np.random.default_rng(seed).uniform(1, 5, len(values))
    other = [
        float(value + shift * (-1) ** i) for i, (value, shift) in enumerate(zip(values, noise, strict=True))
    ]
    found = distinct([series("a", list(values)), series("b", other), series("c", list(values), "%", "share")])
    assert {name for each in found for name in (*each.names, *each.like)} >= {"a", "b"}
