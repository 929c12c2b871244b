"""What each mutant changes, and what it leaves alone, on weights of a few numbers."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ipllvm.calibration import mutants
from ipllvm.calibration.checkpoints import mutate
from ipllvm.calibration.mutants import EMBEDDINGS, LANGUAGE, POSITIONS, PROJECTOR, CheckpointPieces, Mutant
from ipllvm.tests.calibration.tiny_pieces import (
    HEADS,
    LAYERS,
    TEMPLATE,
    WIDTH,
    config,
    pieces,
    weights,
    write,
)

FINAL_NORM = f"{LANGUAGE}norm.weight"
MLP = nn.functional.silu


def changed(mutant: Mutant) -> tuple[CheckpointPieces, list[str]]:
    """The parts as a mutant leaves them, and the names of the weights that are no more what they were."""
    before, parts = weights(), pieces()
    mutant(parts)
    names = {*before, *parts.weights}
    return parts, sorted(
        name
        for name in names
        if name not in before or name not in parts.weights or not alike(before[name], parts.weights[name])
    )


def alike(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and torch.equal(one.float(), other.float())


def in_layers(*names: str) -> list[str]:
    return sorted(f"{LANGUAGE}layers.{layer}.{name}" for layer in range(LAYERS) for name in names)


PROJECTIONS = [f"self_attn.{name}_proj.weight" for name in "qkvo"]
MATRICES = [*PROJECTIONS, *(f"mlp.{name}_proj.weight" for name in ("gate", "up", "down"))]
TOUCHES: dict[Mutant, list[str]] = {
    mutants.projector_noise: [f"{PROJECTOR}linear_2.weight"],
    mutants.projector_bias_lost: [f"{PROJECTOR}linear_1.bias", f"{PROJECTOR}linear_2.bias"],
    mutants.four_bits: in_layers(*MATRICES),
    mutants.three_bits: in_layers(*MATRICES),
    mutants.two_bits: in_layers(*MATRICES),
    mutants.positions_shuffled: [POSITIONS],
    mutants.positions_lost: [POSITIONS],
    mutants.positions_loud: [POSITIONS],
    mutants.embeddings_swapped: [EMBEDDINGS],
    mutants.heads_zeroed: [f"{LANGUAGE}layers.{n}.self_attn.o_proj.weight" for n in range(0, LAYERS, 2)],
    mutants.head_noise: ["language_model.lm_head.weight"],
    mutants.norm_scaled: [FINAL_NORM],
    mutants.norms_reset: [*in_layers("input_layernorm.weight"), FINAL_NORM],
    mutants.heads_permuted: in_layers(*PROJECTIONS),
    mutants.saved_again: [],
    mutants.split: [],
    mutants.wider_float: [],
}


@pytest.mark.parametrize("mutant", TOUCHES, ids=lambda mutant: mutant.__name__)
def test_a_mutant_touches_the_weights_that_it_is_about_and_no_others(mutant: Mutant) -> None:
    assert changed(mutant)[1] == TOUCHES[mutant]


@pytest.mark.parametrize("mutant", mutants.BY_NAME.values(), ids=lambda mutant: mutant.__name__)
def test_a_mutant_is_the_same_each_time_and_says_what_it_is(mutant: Mutant) -> None:
    (first, names), (second, others) = changed(mutant), changed(mutant)
    assert names == others and first.config == second.config and first.template == second.template
    assert all(torch.equal(first.weights[name], second.weights[name]) for name in first.weights)
    assert all(weight.is_contiguous() for weight in first.weights.values()), "or it can not be saved"
    assert (mutant.__doc__ or "").strip().endswith(".")


@pytest.mark.parametrize("mutant", mutants.HARMFUL, ids=lambda mutant: mutant.__name__)
def test_a_harmful_mutant_changes_something(mutant: Mutant) -> None:
    parts, names = changed(mutant)
    same = (config(), pieces().processor, TEMPLATE)
    assert names or (parts.config, parts.processor, parts.template) != same


def test_a_dropped_layer_leaves_the_others_in_their_order() -> None:
    parts, before = pieces(), weights()
    mutants.layer_dropped(parts)
    assert parts.layers == LAYERS - 1
    kept = [n for n in range(LAYERS) if n != LAYERS // 2]
    for now, then in enumerate(kept):
        name = "self_attn.q_proj.weight"
        one, other = (f"{LANGUAGE}layers.{n}.{name}" for n in (now, then))
        assert torch.equal(parts.weights[one], before[other])
    assert not any(f"layers.{LAYERS - 1}." in name for name in parts.weights)


def test_swapped_layers_are_swapped_and_swapping_again_is_nothing() -> None:
    parts, before = pieces(), weights()
    mutants.layers_swapped(parts)
    for name in MATRICES:
        one, other = (f"{LANGUAGE}layers.{n}.{name}" for n in (1, LAYERS - 2))
        assert torch.equal(parts.weights[one], before[other])
        assert torch.equal(parts.weights[other], before[one])
    mutants.layers_swapped(parts)
    assert all(torch.equal(parts.weights[name], before[name]) for name in before)


@pytest.mark.parametrize(
    ("mutant", "levels"), [(mutants.four_bits, 15), (mutants.three_bits, 7), (mutants.two_bits, 3)]
)
def test_rounded_weights_have_few_levels_over_their_whole_range(mutant: Mutant, levels: int) -> None:
    name = f"{LANGUAGE}layers.0.mlp.down_proj.weight"
    parts, before = pieces(), weights()[name]
    mutant(parts)
    found = parts.weights[name]
    step = before.abs().max() / (levels // 2)
    assert len(set(found.flatten().tolist())) <= levels
    assert found.abs().max() == pytest.approx(float(before.abs().max()), rel=1e-5)
    assert (found - before).abs().max() <= step / 2 * 1.001


def test_shuffled_positions_are_the_same_rows_and_the_class_keeps_its_own() -> None:
    parts, before = pieces(), weights()[POSITIONS]
    mutants.positions_shuffled(parts)
    found = parts.weights[POSITIONS]
    assert torch.equal(found[0], before[0])
    assert sorted(map(tuple, found.tolist())) == sorted(map(tuple, before.tolist()))


def test_swapped_words_are_a_quarter_and_none_of_the_special_ones() -> None:
    parts, before = pieces(), weights()[EMBEDDINGS]
    mutants.embeddings_swapped(parts)
    found = parts.weights[EMBEDDINGS]
    moved = (found != before).any(1)
    assert int(moved.sum()) == len(before) // 4 and not moved[:8].any()
    assert sorted(map(tuple, found.tolist())) == sorted(map(tuple, before.tolist()))


def mlp(own: dict[str, Tensor], layer: int, value: Tensor) -> Tensor:
    gate, up, down = (own[f"{LANGUAGE}layers.{layer}.mlp.{n}_proj.weight"] for n in ("gate", "up", "down"))
    return (MLP(value @ gate.T) * (value @ up.T)) @ down.T


def attention(own: dict[str, Tensor], layer: int, value: Tensor) -> Tensor:
    """Heads that attend to positions [positions, width], put together by the output's matrix."""
    q, k, v, o = (own[f"{LANGUAGE}layers.{layer}.{name}"] for name in PROJECTIONS)
    query, key, held = ((value @ each.T).reshape(len(value), HEADS, -1).transpose(0, 1) for each in (q, k, v))
    mixed = (query @ key.mT).softmax(-1) @ held  # [heads, positions, width of a head]
    return mixed.transpose(0, 1).reshape(len(value), WIDTH) @ o.T


def projector(own: dict[str, Tensor], _: int, value: Tensor) -> Tensor:
    (one, bias), (two, last) = (
        (own[f"{PROJECTOR}linear_{n}.weight"], own[f"{PROJECTOR}linear_{n}.bias"]) for n in (1, 2)
    )
    return nn.functional.gelu(value @ one.T + bias) @ two.T + last


@pytest.mark.parametrize(
    ("mutant", "compute"),
    [
        (mutants.hidden_units_permuted, mlp), (mutants.hidden_units_permuted, projector),
        (mutants.heads_permuted, attention),
    ],
)  # fmt: skip
def test_another_order_of_what_is_summed_computes_the_same(
    mutant: Mutant, compute: Callable[[dict[str, Tensor], int, Tensor], Tensor]
) -> None:
    parts, before = pieces(seed=4), weights()
    mutant(parts)
    value = torch.randn(6, WIDTH, generator=torch.Generator().manual_seed(2))
    for layer in range(LAYERS):
        now, then = compute(parts.weights, layer, value), compute(before, layer, value)
        assert torch.allclose(now, then, atol=1e-4)
    assert changed(mutant)[1], "something was moved"


def test_noise_is_a_share_of_the_spread_and_of_the_same_type() -> None:
    parts = pieces()
    name = f"{LANGUAGE}layers.0.mlp.up_proj.weight"
    parts.weights[name] = torch.randn(200, 200, generator=parts.rng).half() * 3
    before = parts.weights[name].float()
    parts.noise(name, 0.5)
    found = parts.weights[name]
    assert found.dtype == torch.float16
    assert float((found.float() - before).std()) == pytest.approx(0.5 * float(before.std()), rel=0.05)


@pytest.mark.parametrize("mutant", [mutants.saved_again, mutants.split, mutants.colours_swapped])
def test_a_mutant_is_written_as_a_checkpoint_of_its_own(mutant: Mutant, tmp_path: Path) -> None:
    source = write(tmp_path / "source")
    original = {path.name: path.read_bytes() for path in source.iterdir()}
    folder = mutate(source, mutant, tmp_path / "mutant")
    assert {path.name: path.read_bytes() for path in source.iterdir()} == original, "the source is as before"
    assert (folder / "tokenizer.json").read_text() == '{"kept": true}'
    assert not (folder / "README.md").exists() and not (folder / "figures.json").exists()
    assert json.loads((folder / "config.json").read_text()) == config()
    assert (folder / "chat_template.jinja").read_text() == TEMPLATE
    found: dict[str, Tensor] = {}
    for file in sorted(folder.glob("*.safetensors")):
        held = load_file(file)
        assert not held.keys() & found.keys(), "a weight is in one file"
        found |= held
    expected = pieces()
    mutant(expected)
    assert found.keys() == expected.weights.keys()
    assert all(torch.equal(found[name], expected.weights[name]) for name in found)


def test_the_index_of_a_split_checkpoint_names_the_file_of_each_weight(tmp_path: Path) -> None:
    folder = mutate(write(tmp_path / "source"), mutants.split, tmp_path / "mutant")
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    assert not (folder / "model.safetensors").exists()
    for name, file in index["weight_map"].items():
        assert name in load_file(folder / file)
    assert sorted(set(index["weight_map"].values())) == [
        "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    ]  # fmt: skip
    assert index["weight_map"].keys() == weights().keys()
    assert index["metadata"]["total_size"] == sum(4 * each.numel() for each in weights().values())


def test_a_mutant_of_the_template_is_refused_where_there_is_nothing_to_change() -> None:
    parts = pieces()
    mutants.template_changed(parts)
    assert parts.template == "{{ 'Q' }}: <image>"
