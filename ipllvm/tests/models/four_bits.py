"""Matrices of four bits as GPTQ and AWQ store them: whole numbers in 32-bit words, scales, zeros."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

GROUP = 32
"""So many inputs share a scale."""
BITS, TOP, WORD = 4, 15, 8
"""Bits of a number, its largest value, numbers in a word."""
IN_TURN, CROSSED = tuple(range(WORD)), (0, 2, 4, 6, 1, 3, 5, 7)
"""Which number stands at which bits of a word: GPTQ's order and AWQ's."""


def rounded(weight: Float[Tensor, "outputs inputs"], symmetric: bool) -> tuple[Tensor, Tensor, Tensor]:
    """The numbers [outputs, inputs], scales and zeros [outputs, groups] of a matrix."""
    groups = weight.view(len(weight), -1, GROUP)
    low, high = groups.amin(-1, keepdim=True), groups.amax(-1, keepdim=True)
    if symmetric:
        high = torch.maximum(low.abs(), high.abs())
        low = -high
    scale = ((high - low) / TOP).clamp_min(1e-6).half().float()
    zero = torch.full_like(scale, 8) if symmetric else (-low / scale).round().clamp(0, TOP)
    numbers = (groups / scale + zero).round().clamp(0, TOP)
    return numbers.view_as(weight).int(), scale.squeeze(-1), zero.squeeze(-1).int()


def words(numbers: Int[Tensor, "rows columns"], order: Sequence[int]) -> Int[Tensor, "fewer columns"]:
    """Numbers in words, eight rows in each."""
    rows = numbers.long().view(-1, WORD, numbers.shape[1])
    found = sum(rows[:, place] << (BITS * at) for at, place in enumerate(order))
    assert isinstance(found, Tensor)
    return torch.where(found >= 2**31, found - 2**32, found).int()


def gptq(weight: Tensor) -> Mapping[str, Tensor]:
    """A matrix as GPTQ stores it: words along the inputs, zeros less one."""
    numbers, scale, zero = rounded(weight, symmetric=True)
    return {
        "qweight": words(numbers.T, IN_TURN),
        "qzeros": words(zero - 1, IN_TURN).T.contiguous(),
        "scales": scale.T.contiguous().half(),
        "g_idx": torch.arange(weight.shape[1], dtype=torch.int32) // GROUP,
    }


def awq(weight: Tensor) -> Mapping[str, Tensor]:
    """A matrix as AWQ stores it: words along the outputs, in its order."""
    numbers, scale, zero = rounded(weight, symmetric=False)
    return {
        "qweight": words(numbers, CROSSED).T.contiguous(),
        "qzeros": words(zero, CROSSED).T.contiguous(),
        "scales": scale.T.contiguous().half(),
    }
