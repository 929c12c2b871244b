"""The time in which the device has nothing to do, by a clock that a test turns."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ipllvm.models.base import VisionLanguageModel
from ipllvm.speed import idle
from ipllvm.speed.idle import WORK, Busy


class Clock:
    """Stands still but for what is added."""

    now = 100.0

    def perf_counter(self) -> float:
        return self.now


class Stages:
    """A model whose stages take the seconds that they are told; `layer_inputs` calls the decoder within."""

    device = torch.device("cpu")

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def _spend(self, seconds: float) -> str:
        self.clock.now += seconds
        return f"took {seconds:g}"

    def encode(self, seconds: float) -> str:
        return self._spend(seconds)

    def decoder(self, seconds: float, *, fail: bool = False) -> str:
        said = self._spend(seconds)
        if fail:
            raise RuntimeError(said)
        return said

    def layer_inputs(self, seconds: float) -> str:
        self.decoder(seconds)
        return self._spend(1.0)

    def decode_from_layer(self, seconds: float) -> str:
        return self._spend(seconds)

    def logits(self, seconds: float) -> str:
        return self._spend(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    found = Clock()
    monkeypatch.setattr(idle, "time", SimpleNamespace(perf_counter=found.perf_counter))
    yield found


def watched(model: Stages) -> VisionLanguageModel:
    found: Any = model
    return found  # type: ignore[no-any-return]


@pytest.mark.parametrize("stage", WORK)
def test_every_stage_is_work_and_says_what_it_says(stage: str, clock: Clock) -> None:
    model, busy = Stages(clock), Busy()
    with busy.recorded(watched(model)):
        assert getattr(model, stage)(3.0) == ("took 1" if stage == "layer_inputs" else "took 3")
        clock.now += 1.0
    inside = 4.0 if stage == "layer_inputs" else 3.0
    assert (busy.seconds, busy.whole) == (inside, inside + 1)
    assert busy.idle == pytest.approx(1 / (inside + 1))


def test_a_stage_within_a_stage_is_counted_once(clock: Clock) -> None:
    model, busy = Stages(clock), Busy()
    with busy.recorded(watched(model)):
        model.layer_inputs(5.0)
    assert busy.seconds == busy.whole == 6.0 and busy.idle == 0.0


def test_a_stage_that_fails_is_counted_and_the_next_one_too(clock: Clock) -> None:
    model, busy = Stages(clock), Busy()
    with busy.recorded(watched(model)):
        with pytest.raises(RuntimeError, match="took 2"):
            model.decoder(2.0, fail=True)
        model.logits(1.0)
    assert busy.seconds == 3.0


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_as_before_afterwards(fails: bool, clock: Clock) -> None:
    model, busy = Stages(clock), Busy()
    own = vars(model).copy()
    try:
        with busy.recorded(watched(model)):
            assert vars(model).keys() > own.keys()
            if fails:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert vars(model) == own
    model.encode(7.0)
    assert busy.seconds == 0.0


def test_rounds_add_up(clock: Clock) -> None:
    model, busy = Stages(clock), Busy()
    for seconds in (1.0, 3.0):
        with busy.recorded(watched(model)):
            model.decoder(seconds)
            clock.now += 2.0
    assert (busy.seconds, busy.whole, busy.idle) == (4.0, 8.0, 0.5)


@pytest.mark.parametrize(("seconds", "whole", "share"), [(0, 0, 0.0), (0, 5, 1.0), (6, 5, 0.0)])
def test_the_share_is_within_0_and_1(seconds: float, whole: float, share: float) -> None:
    """Clocks of a device and of the machine differ: a device can not have worked for longer than all."""
    assert Busy(seconds, whole).idle == share
