"""Noise: its three boxes, its table by position, and what it leaves alone."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.errors import UnknownName, UsageError
from ipllvm.perturbations.groups import groups
from ipllvm.perturbations.noise import KINDS, GroupNoise, LayerNoise, amplitudes, noisy
from ipllvm.records import LayerPerturbation, Target
from ipllvm.tests.perturbations.layouts import packed

A = 0.3
X = torch.linspace(-2, 2, 41).reshape(41, 1)


def _box(kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    size = X.abs()
    if kind == "paper":
        return size - A, size + A
    half = A * (size + 1) if kind == "keskar" else A + size
    return -half, half


def _perturbed(kind: str, uniform: float, strength: float = 1.0) -> torch.Tensor:
    return noisy(X, np.full((41, 1), uniform, np.float32), kind, A, strength)


@pytest.mark.parametrize("kind", KINDS)
def test_noise_fills_its_box(kind: str) -> None:
    low, high = _box(kind)
    assert torch.allclose(_perturbed(kind, 0.0) - X, low, atol=1e-6)
    assert torch.allclose(_perturbed(kind, 1.0) - X, high, atol=1e-6)
    assert torch.allclose(_perturbed(kind, 0.5) - X, (low + high) / 2, atol=1e-6)


def test_noise_as_printed_doubles_what_is_positive_and_cancels_what_is_negative() -> None:
    centre = _perturbed("paper", 0.5)
    assert torch.allclose(centre, 2 * X.clamp(min=0), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_strength_scales_the_noise(kind: str) -> None:
    whole, half = _perturbed(kind, 0.8) - X, _perturbed(kind, 0.8, 0.5) - X
    assert torch.allclose(half, whole / 2, atol=1e-6)


@given(
    st.sampled_from(KINDS),
    st.floats(0, 2, allow_subnormal=False),
    st.lists(st.floats(width=16), min_size=1, max_size=8),
)
def test_strength_0_keeps_every_bit(kind: str, amplitude: float, values: list[float]) -> None:
    value = torch.tensor(values, dtype=torch.float16)[:, None]
    noise = LayerNoise(0, kind, amplitude, strength=0.0)
    result = noise.apply(value, None, np.random.default_rng(0))
    assert torch.equal(result.view(torch.int16), value.view(torch.int16))


def test_low_precision_is_rounded_once() -> None:
    value = torch.randn(64, 8, generator=torch.Generator().manual_seed(0)).to(torch.bfloat16)
    noise = LayerNoise(2, "keskar", A)
    table = noise.table(64, 8, np.random.default_rng(0))
    assert noise.shift(value, table).dtype == torch.bfloat16
    assert torch.equal(noise.shift(value, table), noise.shift(value.float(), table).to(torch.bfloat16))


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 33), st.integers(0, 10**6))
def test_the_first_rows_do_not_depend_on_how_many_there_are(
    some: int, more: int, width: int, seed: int
) -> None:
    noise = LayerNoise()
    short = noise.table(some, width, np.random.default_rng(seed))
    long = noise.table(some + more, width, np.random.default_rng(seed))
    assert short.dtype == long.dtype == np.float32 and long.shape == (some + more, width)
    assert np.array_equal(short, long[:some])
    assert ((long >= 0) & (long < 1)).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_rows_are_shifted_alike_alone_and_in_a_batch(kind: str, dtype: torch.dtype) -> None:
    value = torch.randn(3, 7, 4, generator=torch.Generator().manual_seed(0)).to(dtype)
    noise = LayerNoise(1, kind, A)
    tables = np.stack([noise.table(7, 4, np.random.default_rng(seed)) for seed in range(3)])
    together = noise.shift(value, torch.from_numpy(tables))
    for index in range(3):
        alone = noise.apply(value[index], None, np.random.default_rng(index))
        assert torch.equal(together[index], alone)
        assert torch.equal(noise.shift(value[index, 4:5], tables[index][4:5]), alone[4:5])
    shared = noise.shift(value, tables[0])
    assert torch.equal(shared[2], noise.shift(value[2], tables[0]))


def test_layer_noise_is_a_perturbation_of_a_layer() -> None:
    noise = LayerNoise(3, amplitude=A)
    assert isinstance(noise, LayerPerturbation)
    assert str(noise) == (
        "layer_noise(layer=3, kind=paper, amplitude=0.3, strength=1.0, target=all, generated=True)"
    )


def test_only_noise_on_all_positions_reaches_the_answer() -> None:
    assert LayerNoise(target=Target.ALL).generated
    assert not LayerNoise(target=Target.ALL, generated=False).generated
    assert not LayerNoise(target=Target.IMAGE).generated
    assert LayerNoise(target=Target.TEXT) == LayerNoise(target=Target.TEXT, generated=False)


@pytest.mark.parametrize("group", [0, 5, 15])
def test_group_noise_leaves_other_tokens_bit_for_bit(group: int) -> None:
    layout = packed((8, 8), (4, 8))
    value = torch.randn(len(layout), 6, generator=torch.Generator().manual_seed(0))
    result = GroupNoise(group, 4, amplitude=A).apply(value, layout, np.random.default_rng(0))
    inside = groups(layout, 4) == group
    assert torch.equal(result[~inside], value[~inside])
    assert (result[inside] != value[inside]).any(dim=1).all()
    table = np.random.default_rng(0).random((int(inside.sum()), 6), dtype=np.float32)
    assert torch.equal(result[inside], noisy(value[inside], table, "paper", A, 1.0))


def test_amplitudes_are_uniform_and_the_first_ones_stay() -> None:
    drawn = amplitudes(2000, seed=0)
    assert amplitudes(10, seed=0) == drawn[:10] != amplitudes(10, seed=1)
    assert all(0 <= amplitude < 1 for amplitude in drawn)
    counts = np.histogram(drawn, bins=10, range=(0, 1))[0]
    assert abs(counts - 200).max() < 4.5 * np.sqrt(200 * 0.9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"amplitude": -0.1}, "amplitude of noise is a finite number from 0 up, not -0.1"),
        ({"strength": float("nan")}, "strength of noise is a finite number"),
        ({"layer": -1}, "no layer -1"),
    ],
)
def test_bad_numbers_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        LayerNoise(**arguments)


def test_bad_names_are_refused() -> None:
    with pytest.raises(UnknownName, match="did you mean 'keskar'"):
        LayerNoise(kind="keska")
    target: Any = "pictures"
    with pytest.raises(UnknownName, match="target of noise"):
        LayerNoise(target=target)
    with pytest.raises(UsageError, match="no group 36"):
        GroupNoise(36, 6)


def test_there_are_three_kinds_of_noise_and_both_perturbations_refuse_others() -> None:
    assert KINDS == ("paper", "keskar", "symmetric")
    for make in (LayerNoise, GroupNoise):
        for bad in ({"kind": "white"}, {"amplitude": -0.5}, {"strength": -1.0}):
            with pytest.raises(UsageError):
                make(**bad)
