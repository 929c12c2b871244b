"""What grows is measured along each axis, and what grows too fast is said."""

import pytest
import torch

from ipllvm.benchmarks import scenes
from ipllvm.speed import growth, synthetic
from ipllvm.speed.growth import Cost


def test_axes_change_one_thing_each() -> None:
    plans = growth._plans(scenes.short(), 4)
    sizes = {axis: [len(plan) for _, plan in points] for axis, points in plans.items()}
    assert sizes["samples"] == [16, 32, 64, 128]
    assert sizes["draws"] == [8 * (1 + n) for n in (1, 2, 4, 8)]
    assert sizes["groups"] == [8 * (1 + n) for n in (1, 4, 16)]
    assert sizes["layers"] == [8 * (1 + 2 * n) for n in (1, 2, 4)]
    assert [plan.max_new_tokens for _, plan in plans["answer tokens"]] == [8, 16, 32, 64]


def test_a_point_is_measured_and_pictures_are_scaled() -> None:
    cpu = torch.device("cpu")
    model = synthetic.make("tiny", cpu, torch.float32)
    asked = synthetic.fitted(scenes.short(), "tiny")
    at, plan = growth._plans(asked, model.layers())["samples"][0]
    found = growth._measured("samples", model, plan, at, 8)
    assert (found.axis, found.at, found.trials) == ("samples", 8, 16)
    assert min(found.seconds, found.cpu, found.memory) > 0
    assert growth._resized(asked, (50, 30)).samples[1].images[0].load().size == (50, 30)


@pytest.mark.parametrize(("power", "said"), [(1.0, False), (1.5, True)])
def test_what_grows_faster_than_its_cause_is_said(power: float, said: bool) -> None:
    found = [Cost("groups", at, at, 1.0, float(at**power), 100) for at in (1, 4, 16)]
    assert growth.exponents(found) == {"groups": (power, 0.0)}
    assert ("faster than what it grows with" in growth.table(found)[-1]) is said
