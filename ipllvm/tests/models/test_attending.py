"""transformers' attention once it has been narrowed: whoever else calls it is answered as before."""

from types import SimpleNamespace

import torch
from torch import nn
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from ipllvm.models.attending import KIND, narrowed
from ipllvm.models.base import CAUSAL


def test_a_tower_that_gives_its_mask_by_name_is_answered_after_and_meanwhile() -> None:
    """Qwen's towers and the Q-Former do, Llama's layers give it by place."""
    generator = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(1, 2, 5, 4, generator=generator) for _ in range(3))
    tower, decoder = nn.Module(), SimpleNamespace(layers=[nn.Module()])
    expected, _ = sdpa_attention_forward(tower, query, key, value, None, is_causal=False)
    with narrowed(decoder, CAUSAL, None):
        dispatched = ALL_ATTENTION_FUNCTIONS[KIND]
        within, _ = dispatched(tower, query, key, value, attention_mask=None, is_causal=False)
    after, _ = dispatched(tower, query, key, value, attention_mask=None, is_causal=False)
    by_place, _ = dispatched(tower, query, key, value, None, is_causal=False)
    assert torch.equal(within, expected) and torch.equal(after, expected)
    assert torch.equal(by_place, expected)
