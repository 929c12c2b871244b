"""Calls of attention are told by kind, with a reason that fits the kernel and the mask."""

import pytest
import torch
from torch import nn

from ipllvm.speed import kernels
from ipllvm.speed.kernels import AttentionCall


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (AttentionCall(True, False, "flash"), "a step without a mask: flash (no mask is needed)"),
        (AttentionCall(False, True, "flash"), "more positions with a mask: flash (on a CPU flash attention"),
        (AttentionCall(False, True, "efficient"), "more positions with a mask: efficient (a mask hides"),
    ],
)
def test_a_call_is_told_with_its_reason(call: AttentionCall, words: str) -> None:
    assert str(call).startswith(words)


def test_calls_are_counted_by_kind() -> None:
    attend, query = nn.functional.scaled_dot_product_attention, torch.zeros(1, 2, 6, 8)
    with kernels.recorded() as counts:
        attend(query, query, query, is_causal=True)
        attend(query, query, query, attn_mask=torch.zeros(6, 6))
        attend(query[:, :, :1], query, query)
    assert sorted((call.step, call.masked) for call in counts) == [
        (False, False),
        (False, True),
        (True, False),
    ]
    assert set(counts.values()) == {1}
