"""What every registered perturbation keeps to."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ipllvm.records import Layout, Perturbation, Stage
from ipllvm.registry import PERTURBATIONS

TOKENS = 12
NEWLINE = np.array([False] * 11 + [True])
LAYOUT = Layout(np.zeros(TOKENS, int), np.arange(TOKENS) // 4, np.arange(TOKENS) % 4, NEWLINE)
VALUES: dict[Stage, Callable[[], Any]] = {
    Stage.PIXELS: lambda: Image.effect_noise((20, 14), 60).convert("RGB"),
    Stage.PROJECTED: lambda: torch.randn(2, 9, 4, generator=torch.Generator().manual_seed(0)),
    Stage.VISUAL_TOKENS: lambda: torch.randn(TOKENS, 4, generator=torch.Generator().manual_seed(0)),
}


@pytest.fixture(params=list(PERTURBATIONS))
def perturbation(request: pytest.FixtureRequest) -> Perturbation:
    """Each registered perturbation with its defaults."""
    made: Perturbation = PERTURBATIONS.load(request.param)()
    return made


def _raw(value: Any) -> tuple[Any, ...]:
    if isinstance(value, Image.Image):
        return value.size, value.mode, value.tobytes()
    return tuple(value.shape), value.dtype, value.device, value.numpy().tobytes()


def test_a_seed_gives_one_result_and_leaves_the_input_alone(perturbation: Perturbation) -> None:
    value = VALUES[perturbation.stage]()
    before = _raw(value)
    results = [_raw(perturbation.apply(value, LAYOUT, np.random.default_rng(7))) for _ in range(2)]
    assert results[0] == results[1]
    assert results[0][:-1] == before[:-1], "shape, dtype and device stay"
    assert _raw(value) == before


def test_only_random_ones_depend_on_the_generator(perturbation: Perturbation) -> None:
    value = VALUES[perturbation.stage]()
    results = {_raw(perturbation.apply(value, LAYOUT, np.random.default_rng(seed)))[-1] for seed in range(4)}
    assert (len(results) > 1) == perturbation.random


def test_it_is_frozen_hashable_and_prints_canonically(perturbation: Perturbation) -> None:
    assert hash(perturbation) == hash(type(perturbation)())
    assert str(perturbation) == str(type(perturbation)())
    assert type(perturbation).__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_names_are_distinct() -> None:
    assert len({str(PERTURBATIONS.load(name)()) for name in PERTURBATIONS}) == len(list(PERTURBATIONS))
