"""Memory: what is free, and how many prompts fit."""

from pathlib import Path

import torch
from transformers import LlamaConfig

from ipllvm.models import capacity
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
