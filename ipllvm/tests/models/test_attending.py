"""What attention leaves out changes nothing that is read, and other attention is as it was."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from ipllvm.models import attending
from ipllvm.models.base import CAUSAL, Attention

ROWS, COLUMNS = 2, 9
WANTED = torch.tensor([0, 0, 1]), torch.tensor([3, 8, 8])


class Attending(nn.Module):
    """As much of a layer's attention as transformers looks at."""

    is_causal, num_key_value_groups = True, 1


def _decoder() -> Any:
    return SimpleNamespace(layers=[SimpleNamespace(self_attn=Attending()) for _ in range(2)])


def _attend(module: nn.Module, mask: Any, **named: Any) -> torch.Tensor:
    query, key, value = torch.randn(3, ROWS, 4, COLUMNS, 8, generator=torch.Generator().manual_seed(0))
    states: torch.Tensor = ALL_ATTENTION_FUNCTIONS["sdpa"](module, query, key, value, mask, **named)[0]
    return states


def _mask(causal: int) -> torch.Tensor:
    """All that come before, but for columns from `causal` on, which see themselves alone."""
    seen = torch.ones(COLUMNS, COLUMNS).tril().bool()
    seen[causal:] = torch.eye(COLUMNS).bool()[causal:]
    added = torch.zeros(COLUMNS, COLUMNS).masked_fill(~seen, torch.finfo(torch.float32).min)
    return added.expand(ROWS, 1, -1, -1)


@pytest.mark.parametrize("mask", [None, _mask(5)])
def test_what_is_read_stays(mask: torch.Tensor | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attending, "SPLIT_FROM", 1)
    decoder = _decoder()
    first, last = (layer.self_attn for layer in decoder.layers)
    whole = _attend(first, mask)
    attention = CAUSAL if mask is None else Attention(mask, causal=5)
    with attending.narrowed(decoder, attention, WANTED):
        assert torch.allclose(_attend(first, mask), whole, atol=1e-6)
        read = _attend(last, mask)
    assert torch.allclose(read[WANTED], whole[WANTED], atol=1e-6)
    assert not read[:, 0].any(), "nobody reads it"
    assert torch.equal(_attend(last, mask), whole), "as it was"


def test_a_tower_names_its_mask() -> None:
    decoder, (query, key, value) = _decoder(), torch.randn(3, ROWS, 4, COLUMNS, 8)
    named: dict[str, Any] = {"attention_mask": None, "is_causal": False}
    with attending.narrowed(decoder, CAUSAL, WANTED):
        found, _ = ALL_ATTENTION_FUNCTIONS["sdpa"](decoder.layers[0].self_attn, query, key, value, **named)
    expected = nn.functional.scaled_dot_product_attention(query, key, value).transpose(1, 2)
    assert torch.allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("said", ["by the layer", "by the call"])
def test_a_layer_that_sees_ahead_without_a_mask_keeps_it(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attending, "SPLIT_FROM", 1)
    decoder, mask = _decoder(), _mask(5)
    first = decoder.layers[0].self_attn
    named = {"is_causal": False} if said == "by the call" else {}
    monkeypatch.setattr(first, "is_causal", bool(named))
    whole = _attend(first, mask, **named)
    with attending.narrowed(decoder, Attention(mask, causal=5), WANTED):
        assert torch.allclose(_attend(first, mask, **named), whole, atol=1e-6)
