"""TroL's traversal of layers: each runs twice over a prompt, and a gate weighs its outputs."""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ipllvm.errors import ModelUnavailable
from ipllvm.models.caches import keyword


class Traversal(nn.Module):
    """A decoder layer that sees its own output once more, and a linear gate of one number a position.

    The cache keeps the keys and values of the first pass. A single position, as in every step of decoding,
    goes through once and past the gate: the same token is another alone than among others.
    """

    def __init__(self, layer: nn.Module, gate: nn.Linear) -> None:
        super().__init__()
        self.layer, self.gate = layer, gate

    def forward(
        self, hidden_states: Float[Tensor, "rows columns hidden"], *args: Any, **named: Any
    ) -> Float[Tensor, "rows columns hidden"]:
        """The layer's output, with the arguments of the layer."""
        first: Tensor = self.layer(hidden_states, *args, **named)
        if hidden_states.shape[1] == 1:
            return first
        second: Tensor = self.layer(first, *args, **{**named, keyword(type(self.layer).forward): None})
        share = 0.5 * torch.tanh(self.gate(first)) + 0.5
        return (1 - share) * first + share * second


def require_gates(decoder: Any, gates: Mapping[str, Tensor], where: object) -> None:
    """Raises ModelUnavailable where `gates`, which are read from `where`, are none of a decoder's."""
    layers, hidden = len(decoder.layers), int(decoder.config.hidden_size)
    wanted: dict[str, tuple[int, ...]] = {f"{number}.weight": (1, hidden) for number in range(layers)}
    wanted |= {f"{number}.bias": (1,) for number in range(layers)}
    if {name: tuple(value.shape) for name, value in gates.items()} != wanted:
        raise ModelUnavailable(f"{where}: no gates of {layers} layers of width {hidden}")


def traverse(decoder: Any, gates: Mapping[str, Tensor], where: object) -> None:
    """Let all layers of a decoder run twice, with the last of the gates.

    The authors' code repeats one gate in a list, so that loading leaves the last one in all places. Raises
    ModelUnavailable as `require_gates` does.
    """
    require_gates(decoder, gates, where)
    hidden = int(decoder.config.hidden_size)
    last, dtype = len(decoder.layers) - 1, decoder.norm.weight.dtype
    gate = nn.Linear(hidden, 1)
    gate.weight, gate.bias = (
        nn.Parameter(gates[f"{last}.{part}"].to(dtype), requires_grad=False) for part in ("weight", "bias")
    )
    decoder.layers = nn.ModuleList([Traversal(layer, gate) for layer in decoder.layers])
