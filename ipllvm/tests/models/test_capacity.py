"""Memory: what is free, and how many prompts fit."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from transformers import LlamaConfig

from ipllvm.errors import UsageError
from ipllvm.models import capacity, layer_hooks
from ipllvm.models.loading import load
from ipllvm.tests.checkpoints import make


def test_free_memory_is_plausible() -> None:
    assert 2**26 < capacity.free_memory(torch.device("cpu")) < 2**46


def test_a_position_holds_keys_values_and_one_layer() -> None:
    config = LlamaConfig(
        hidden_size=8, intermediate_size=16, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2
    )
    assert capacity.position_bytes(config, 2) == 2 * (2 * 3 * 2 * 2 + 6 * 8 + 3 * 16)


def test_the_batch_is_never_empty_and_never_too_wide() -> None:
    assert capacity.batch_size(0, 10**6, 10**6) == 1
    assert capacity.batch_size(10**15, 10, 10) == capacity.MOST


def test_a_small_model_takes_whole_batches(tmp_path: Path) -> None:
    assert load(str(make("llava_next", tmp_path)), device="cpu").batch_size() == capacity.MOST


def test_slots_that_llama_4_would_attend_from_otherwise_are_not_used() -> None:
    config = SimpleNamespace(attention_chunk_size=64, attn_temperature_tuning=True, floor_scale=24)
    layer_hooks.require_within(SimpleNamespace(config=config), 23)
    with pytest.raises(UsageError, match="attends otherwise beyond 23 positions and was given 24"):
        layer_hooks.require_within(SimpleNamespace(config=config), 24)
    config.attn_temperature_tuning = False
    layer_hooks.require_within(SimpleNamespace(config=config), 64)


def test_positions_that_a_longer_prompt_would_turn_are_not_used() -> None:
    dynamic = {"rope_type": "dynamic", "factor": 4.0, "rope_theta": 1e4}
    config = LlamaConfig(max_position_embeddings=24, rope_parameters=dynamic)
    assert capacity.max_positions(config) == capacity.steady_positions(config) == 24
    decoder = SimpleNamespace(config=config)
    layer_hooks.require_within(decoder, 99, torch.tensor([[[3, 23]]]))
    with pytest.raises(
        UsageError, match=r"others beyond 24 positions, for all prompts of a batch, .* given 25"
    ):
        layer_hooks.require_within(decoder, 2, torch.tensor([[[3, 24]]]))
    with pytest.raises(UsageError, match="given 25"):
        layer_hooks.require_within(decoder, 25)
    linear = LlamaConfig(max_position_embeddings=24, rope_parameters={**dynamic, "rope_type": "linear"})
    assert capacity.max_positions(linear) == 96 and capacity.steady_positions(linear) is None
    long = {"long_factor": [1.0], "short_factor": [1.0], "rope_theta": 1e4}
    split = SimpleNamespace(
        max_position_embeddings=64,
        rope_parameters={"full": {"rope_type": "longrope", "original_max_position_embeddings": 16, **long}},
    )
    assert capacity.max_positions(split) == 16
