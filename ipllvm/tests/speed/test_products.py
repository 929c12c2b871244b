"""The floor counts each product that a run makes, once."""

import pytest
import torch
from torch import nn

from ipllvm.speed import products
from ipllvm.speed.products import Products

CPU = torch.device("cpu")


def test_linear_layers_are_counted_by_shape() -> None:
    layer, found = nn.Linear(3, 5), Products()
    with found.recorded([layer]):
        layer(torch.zeros(2, 4, 3))
        layer(torch.zeros(8, 3))
        layer(torch.zeros(1, 3))
    layer(torch.zeros(7, 3))
    assert dict(found.linear) == {(8, 3, 5): 2, (1, 3, 5): 1}
    assert found.attention == {}


@pytest.mark.parametrize(
    ("queries", "causal", "counted"), [(6, False, 1.0), (6, True, 0.5), (1, True, 1.0), (1, False, 1.0)]
)
def test_attention_is_counted_and_a_causal_square_by_half(queries: int, causal: bool, counted: float) -> None:
    query, key, found = torch.zeros(2, 3, queries, 4), torch.zeros(2, 3, 6, 4), Products()
    with found.recorded([]):
        nn.functional.scaled_dot_product_attention(query, key, key, is_causal=causal)
    nn.functional.scaled_dot_product_attention(query, key, key, is_causal=causal)
    assert found.attention == {(6, queries, 6, 4): counted}


def test_what_is_given_in_order_is_counted_too() -> None:
    query, found = torch.zeros(1, 2, 5, 4), Products()
    with found.recorded([]):
        nn.functional.scaled_dot_product_attention(query, query, query, None, 0.0, True)
    assert found.attention == {(2, 5, 5, 4): 0.5}


def test_time_is_that_of_all_products() -> None:
    found = Products()
    assert found.linear_seconds(CPU, torch.float32) == found.attention_seconds(CPU, torch.float32) == 0
    found.linear[64, 64, 64] = 10
    found.attention[4, 32, 32, 16] = 2.5
    assert found.linear_seconds(CPU, torch.float32) > 0
    assert found.attention_seconds(CPU, torch.float32) > 0


def test_a_gpu_makes_a_product_several_times_in_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting after each counted a launch: the floor of small products took longer than the engine."""
    made: list[str] = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: made.append("wait"))

    def work() -> torch.Tensor:
        made.append("product")
        return torch.zeros(1)

    assert products._timed(work, torch.device("cuda")) >= 0
    assert made == ["wait", *["product"] * products.LAUNCHES, "wait"]
