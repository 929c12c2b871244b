"""What every registered perturbation keeps to."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ipllvm.errors import UsageError
from ipllvm.perturbations.parsing import parse
from ipllvm.records import Layout, NeedsArtifact, Perturbation, Stage, Target
from ipllvm.registry import PERTURBATIONS

SIDE = 6
TOKENS = SIDE * (SIDE + 1)
COLUMN = np.tile(np.arange(SIDE + 1), SIDE)
LAYOUT = Layout(np.zeros(TOKENS, int), np.repeat(np.arange(SIDE), SIDE + 1), COLUMN, COLUMN == SIDE)
IMAGE = Image.fromarray(np.random.default_rng(0).integers(1, 256, (34, 20, 3), dtype=np.uint8))
VALUES: dict[Stage, Callable[[], Any]] = {
    Stage.PIXELS: IMAGE.copy,
    Stage.PROJECTED: lambda: torch.randn(2, 9, 4, generator=torch.Generator().manual_seed(0)),
    Stage.VISUAL_TOKENS: lambda: torch.randn(TOKENS, 4, generator=torch.Generator().manual_seed(0)),
    Stage.HIDDEN_STATES: lambda: torch.randn(11, 4, generator=torch.Generator().manual_seed(0)),
}
ARTIFACTS = {
    "saliency": np.random.default_rng(1).random((8, 8), dtype=np.float32),
    "synthetic": np.random.default_rng(2).integers(0, 256, (12, 9, 3), dtype=np.uint8),
}
OF_TOKENS = [name for name in PERTURBATIONS if PERTURBATIONS.load(name)().stage is not Stage.PIXELS]
FEWER = {"keep"}
RESIZED = {"patch_shuffle", "synthetic", "resized", "letterboxed"}
IDENTITIES: dict[str, dict[str, Any]] = {
    "clean": {},
    "untouched": {},
    "swaps": {},
    "keep": {"groups": tuple(range(SIDE**2))},
    "layer_noise": {"strength": 0.0},
    "group_noise": {"strength": 0.0},
    "drop": {"cells": ()},
    "random_drop": {"ratio": 0.0},
    "salient_drop": {"ratio": 0.0},
    "patch_shuffle": {"grid": 1},
    "cell_swaps": {},
    "resized": {"scale": 1.0},
    "oriented": {"turn": "none"},
    "pixel_noise": {"sigma": 0.0},
}
WITHOUT_IDENTITY = {"blank", "permutation", "synthetic", "letterboxed", "jpeg"}
OTHERS: dict[str, Any] = {
    "level": 128,
    "scope": "all",
    "groups": (0, 3),
    "grid": 7,
    "how": "pool",
    "layer": 1,
    "kind": "keskar",
    "amplitude": 0.5 + 1e-12,
    "strength": 1.0 + 1e-12,
    "target": Target.TEXT,
    "generated": False,
    "group": 1,
    "cells": (0, 3),
    "pairs": ((0, 3), (2, 1)),
    "ratio": 0.5 + 1e-12,
    "lowest": True,
    "budget": "mass",
    "provider": "another",
    "scale": 0.5 + 1e-12,
    "aspect": 2.0 + 1e-12,
    "turn": "upside_down",
    "quality": 21,
    "sigma": 0.1 + 1e-12,
}
"""Another value for each field that a perturbation has."""


@pytest.fixture(params=list(PERTURBATIONS))
def name(request: pytest.FixtureRequest) -> str:
    """Each registered name in turn."""
    found: str = request.param
    return found


@pytest.fixture
def perturbation(name: str) -> Any:
    """The perturbation of that name with its defaults."""
    return PERTURBATIONS.load(name)()


def _ready(perturbation: Perturbation) -> Perturbation:
    """A perturbation that can be applied: with its artifact where it needs one."""
    if isinstance(perturbation, NeedsArtifact):
        return perturbation.given(ARTIFACTS[perturbation.artifact])
    return perturbation


def _apply(perturbation: Perturbation, value: Any, seed: int) -> Any:
    return _ready(perturbation).apply(value, LAYOUT, np.random.default_rng(seed))


def _raw(value: Any) -> tuple[Any, ...]:
    if isinstance(value, Image.Image):
        return value.size, value.mode, value.tobytes()
    return tuple(value.shape), value.dtype, value.device, value.view(torch.uint8).numpy().tobytes()


def test_a_seed_gives_one_result_and_leaves_the_input_alone(perturbation: Perturbation, name: str) -> None:
    value = VALUES[perturbation.stage]()
    before = _raw(value)
    results = [_raw(_apply(perturbation, value, 7)) for _ in range(2)]
    assert results[0] == results[1]
    assert results[0][1:-1] == before[1:-1], "mode, or dtype and device, stay"
    if name not in FEWER | RESIZED:
        assert results[0][0] == before[0], "the shape stays"
    assert _raw(value) == before


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("name", OF_TOKENS)
def test_tokens_keep_their_dtype_and_width(name: str, dtype: torch.dtype) -> None:
    perturbation = PERTURBATIONS.load(name)()
    value = VALUES[perturbation.stage]()
    result = _apply(perturbation, value.to(dtype), 0)
    assert result.dtype == dtype and result.device == value.device
    assert result.shape[1:] == value.shape[1:]
    assert (len(result) < len(value)) == (name in FEWER)


def test_only_random_ones_depend_on_the_generator(perturbation: Perturbation) -> None:
    value = VALUES[perturbation.stage]()
    results = {_raw(_apply(perturbation, value, seed))[-1] for seed in range(8)}
    assert (len(results) > 1) == perturbation.random


def test_every_perturbation_has_an_identity_or_none() -> None:
    assert {*IDENTITIES, *WITHOUT_IDENTITY} == set(PERTURBATIONS)


@pytest.mark.parametrize("name", IDENTITIES)
def test_zero_strength_is_the_identity(name: str) -> None:
    none = replace(PERTURBATIONS.load(name)(), **IDENTITIES[name])
    value = VALUES[none.stage]()
    assert all(_raw(_apply(none, value, seed)) == _raw(value) for seed in range(3))


def test_it_is_frozen_hashable_and_prints_canonically(perturbation: Any) -> None:
    assert hash(perturbation) == hash(type(perturbation)())
    assert str(perturbation) == str(type(perturbation)())
    for field in fields(perturbation):
        with pytest.raises(FrozenInstanceError):
            setattr(perturbation, field.name, getattr(perturbation, field.name))


def test_every_field_is_printed(perturbation: Any) -> None:
    for field in fields(perturbation):
        other = replace(perturbation, **{field.name: OTHERS[field.name]})
        assert other != perturbation
        assert str(other) != str(perturbation)


def test_it_can_be_made_again_from_what_it_prints(perturbation: Any) -> None:
    assert parse(str(perturbation)) == perturbation
    for field in fields(perturbation):
        other = replace(perturbation, **{field.name: OTHERS[field.name]})
        assert parse(str(other)) == other
        assert str(parse(str(other))) == str(other)


@pytest.mark.parametrize(
    "text", ["", "blank", "blank(level=grey)", "blank(hue=3)", "clean(1)", "drop(cells=0+x, grid=2)"]
)
def test_what_no_perturbation_prints_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(text)
    assert "\n" not in str(refused.value)


def test_a_providers_name_may_hold_anything() -> None:
    drop = replace(PERTURBATIONS.load("salient_drop")(), provider="m@12 head 1, budget=mass) (grid=3")
    assert parse(str(drop)) == drop


def test_names_are_distinct_and_fit_into_a_list() -> None:
    printed = {str(PERTURBATIONS.load(name)()) for name in PERTURBATIONS}
    assert len(printed) == len(list(PERTURBATIONS))
    assert not any(";" in words or "\n" in words for words in printed)
