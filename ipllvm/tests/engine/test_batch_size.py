"""The batch size is found by trying, within a second or two, and changes the speed only."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ipllvm.engine import batch_size
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.loading import load
from ipllvm.tests.engine.pictures import samples

PROMPTS = [torch.zeros(9, 32), torch.zeros(5, 32)]


def _timed(seconds: dict[int, float], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Passes take so long by batch size; the sizes that are tried."""
    tried: list[int] = []

    def pretend(model: VisionLanguageModel, batch: Any) -> float:
        tried.append(len(batch))
        if len(batch) not in seconds:
            raise torch.OutOfMemoryError("no memory, as arranged")
        return seconds[len(batch)]

    monkeypatch.setattr(batch_size, "_seconds", pretend)
    return tried


@pytest.mark.parametrize(
    ("seconds", "best", "tried"),
    [
        ({1: 1.0, 2: 1.5, 4: 2.0, 8: 3.0, 16: 4.0, 32: 5.0}, 32, [1, 2, 4, 8, 16, 32]),
        ({1: 1.0, 2: 1.5, 4: 2.0, 8: 5.0, 16: 11.0, 32: 1.0}, 4, [1, 2, 4, 8, 16]),
        ({1: 1.0, 2: 1.5, 4: 3.0, 8: 3.0, 16: 7.0, 32: 15.0}, 8, [1, 2, 4, 8, 16, 32]),
        ({1: 1.0, 2: 1.5, 4: 2.0, 8: 4.1, 16: 8.3, 32: 1.0}, 16, [1, 2, 4, 8, 16]),
        ({1: 1.0, 2: 1.5, 4: 2.0}, 4, [1, 2, 4, 8]),
        ({}, 1, [1]),
    ],
    ids=[
        "always pays",
        "pays up to four",
        "one size that does not pay",
        "nearly as fast",
        "out of memory at eight",
        "at one",
    ],
)
def test_it_is_doubled_while_it_pays_and_fits(
    seconds: dict[int, float], best: int, tried: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _timed(seconds, monkeypatch)
    assert batch_size.fastest(load("planted:invariant", device="cpu"), PROMPTS, 32) == best
    assert asked == tried


@pytest.mark.parametrize(("each", "passes"), [(0.001, 4), (0.02, 3), (0.03, 2), (0.15, 2), (1.0, 1)])
def test_long_passes_are_repeated_less_often(
    each: float, passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[float] = []

    def pretend(model: Any, prompts: Any) -> Any:
        began.append(each * (len(began) + 1))
        return SimpleNamespace(spoken=torch.zeros(1, 2))

    monkeypatch.setattr(batch_size, "prefill", pretend)
    monkeypatch.setattr(batch_size, "time", SimpleNamespace(perf_counter=lambda: began[-1] if began else 0.0))
    model: Any = SimpleNamespace(logits=lambda spoken: spoken)
    assert batch_size._seconds(model, PROMPTS) == pytest.approx(each)
    assert len(began) == passes


def test_no_more_than_fits_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _timed({1: 1.0, 2: 1.0, 4: 1.0}, monkeypatch)
    assert batch_size.fastest(load("planted:invariant", device="cpu"), PROMPTS, 5) == 4
    assert asked == [1, 2, 4]


def test_a_model_that_runs_out_of_memory_gets_the_size_that_fits(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = tiny.decoder

    def small(inputs: Any, **named: Any) -> Any:
        if len(inputs) > 2:
            raise torch.OutOfMemoryError("no memory, as arranged")
        return plain(inputs, **named)

    monkeypatch.setattr(tiny, "decoder", small)
    assert batch_size.choose(tiny, samples(4)) in (1, 2)


def test_trying_costs_little(tiny: VisionLanguageModel) -> None:
    began = time.process_time()
    assert 1 <= batch_size.choose(tiny, samples(4)) <= tiny.batch_size()
    assert time.process_time() - began < 2


def test_where_nothing_can_be_tried_it_is_what_fits() -> None:
    planted = load("planted:invariant", device="cpu")
    assert batch_size.choose(planted, samples(2)) == planted.batch_size()


def test_where_a_prompt_is_dear_on_a_cpu_a_few_fill_it(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_size, "_seconds_of_one", lambda model, prompt: batch_size.SECONDS)
    monkeypatch.setattr(batch_size, "fastest", lambda *_: pytest.fail("trying would be dear"))
    assert tiny.batch_size() > batch_size.DEAR == batch_size.choose(tiny, samples(4))
