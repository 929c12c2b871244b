"""Pictures are prepared ahead of a slow device, in bounded number, and change no answer."""

import time
from typing import Any

import pytest

from ipllvm.artifacts import Artifacts
from ipllvm.engine import batch_policy
from ipllvm.engine.feeding import Feeder
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import run
from ipllvm.models.loading import load
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.perturbations.occlusion import RandomDrop
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Response, Trial
from ipllvm.speed.idle import Busy
from ipllvm.tests import checkpoints
from ipllvm.tests.engine.pictures import samples

PLAN = Plan(samples(4), (Clean(), *(RandomDrop(share / 10) for share in range(1, 5))), 1, 0, 2)
SLOW = 0.08
"""Seconds of a call of the device."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TransformersModel:
    folder = tmp_path_factory.mktemp("checkpoints") / checkpoints.FAMILIES[0]
    made = load(str(checkpoints.make(checkpoints.FAMILIES[0], folder)), device="cpu")
    assert isinstance(made, TransformersModel)
    return made


def _slowed(model: TransformersModel, monkeypatch: pytest.MonkeyPatch, processing: float) -> None:
    """A device that takes its time, without the processor's cores, and a processor that does too."""
    decoder, prepare = type(model).decoder, type(model._preparer).prepare

    def slow(self: Any, *args: Any, **named: Any) -> Any:
        time.sleep(SLOW)
        return decoder(self, *args, **named)

    def processed(self: Any, *args: Any) -> Any:
        time.sleep(processing)
        return prepare(self, *args)

    monkeypatch.setattr(type(model), "decoder", slow)
    monkeypatch.setattr(type(model._preparer), "prepare", processed)


def _answered(
    model: TransformersModel, threads: int, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[Trial, Response], float]:
    """The answers, and the share of the time in which the device had nothing to do."""
    monkeypatch.setattr(batch_policy, "feeding_threads", lambda device, cores: threads)
    found: dict[Trial, Response] = {}
    busy = Busy()
    with busy.recorded(model):
        run(model, PLAN, 2, found, lambda done: None)
    return found, busy.idle


def test_a_slow_device_is_not_left_idle(model: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> None:
    _slowed(model, monkeypatch, SLOW)
    alone, idle = _answered(model, 0, monkeypatch)
    fed, fed_idle = _answered(model, 2, monkeypatch)
    assert fed == alone and not any(response.error for response in fed.values())
    assert idle > 0.2, "pictures that nobody prepares ahead leave the device idle"  # 0.33 if quiet
    assert fed_idle < 0.75 * idle


def test_few_pictures_wait_and_what_is_no_longer_expected_is_dropped(
    model: TransformersModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_policy, "PICTURES_AHEAD", 3)
    cases = [case for p in PLAN.perturbations[1:] for case in PLAN.cases(PLAN.samples, p)]
    with Feeder(model, Artifacts({}), 2) as feeder:
        assert feeder.take(cases[0]) is None
        feeder.expect(cases)
        assert len(feeder._made) == 3
        prompt, prepared = feeder.take(cases[0]) or ("", None)
        assert prompt == cases[0].sample.prompt and prepared is not None
        assert len(feeder._made) == 3
        feeder.expect(cases[5:])
        assert feeder.take(cases[2]) is None and feeder.take(cases[5]) is not None


def test_what_a_thread_raises_costs_its_own_trials(
    model: TransformersModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = type(model._preparer).prepare

    def failing(self: Any, images: Any, prompt: str) -> Any:
        if self is not model._preparer and images[0].getpixel((0, 0)) == marked:
            raise OSError("a planted fault")
        return usual(self, images, prompt)

    pixels = [sample.images[0].load().convert("RGB").getpixel((0, 0)) for sample in PLAN.samples]
    marked = pixels[0]
    monkeypatch.setattr(type(model._preparer), "prepare", failing)
    found, _ = _answered(model, 1, monkeypatch)
    broken = {trial.sample for trial, response in found.items() if response.error}
    assert broken and broken <= {
        s.id for s, pixel in zip(PLAN.samples, pixels, strict=True) if pixel == marked
    }
    assert all("a planted fault" in r.error for r in found.values() if r.error)


@pytest.mark.parametrize(("device", "cores", "threads"), [("cpu", 8, 0), ("cuda", 8, 4), ("cuda", 1, 1)])
def test_threads_by_device(device: str, cores: int, threads: int) -> None:
    assert batch_policy.feeding_threads(device, cores) == threads
