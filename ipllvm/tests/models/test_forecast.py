from pathlib import Path

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


def test_the_matmul_rate_is_a_rate() -> None:
    assert forecast.matmul_rate(torch.device("cpu"), torch.float32, 64) > 1e6
