from functools import partial
from pathlib import Path

import pytest
import torch

from ipllvm.models import checkpoint, forecast
from ipllvm.tests.checkpoints import SIDE, TOKENS, make


def test_the_forecast_tells_size_and_time(tmp_path: Path) -> None:
    found = checkpoint.inspect(make("llava", tmp_path))
    line = forecast.forecast(found, torch.device("cpu"), torch.float32)
    assert f"{found.parameters / 1e6:.1f} M parameters" in line
    assert "MB in float32 on cpu" in line
    assert "s per 1,000 trials" in line


def test_visual_tokens_follow_the_tower(tmp_path: Path) -> None:
    assert SIDE % 7 == 0
    assert forecast.visual_tokens(checkpoint.inspect(make("llava", tmp_path / "a"))) == TOKENS
    assert forecast.visual_tokens(checkpoint.inspect(make("llava_next", tmp_path / "b"))) == 5 * TOKENS


def test_a_device_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sides: list[int] = []

    def pretend(device: torch.device, dtype: torch.dtype, side: int) -> float:
        sides.append(side)
        return 1e9

    monkeypatch.setattr(forecast, "matmul_rate", pretend)
    for threads, side in ((4, forecast.SMALL_SIDE), (64, forecast.SIDE)):
        monkeypatch.setattr(torch, "get_num_threads", partial(int, threads))
        forecast.known_rate.cache_clear()
        assert {forecast.known_rate(torch.device("cpu"), torch.float32) for _ in range(3)} == {1e9}
        assert sides.pop() == side and not sides
    forecast.known_rate.cache_clear()


def test_the_matmul_rate_is_a_rate() -> None:
    assert forecast.matmul_rate(torch.device("cpu"), torch.float32, 64) > 1e6
