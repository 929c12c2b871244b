"""The floor of a run: the matrix products that it makes, alone."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

REPEATS = 5
"""The best of so many times each product is made counts: what else the machine does only ever adds."""
ENOUGH = 0.3
"""Seconds after which a product is not made once more."""
LAUNCHES = 8
"""A GPU makes a product so many times in a row: what the host takes to begin and to wait is no product."""
ATTENTION = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")
"""The parameters of scaled_dot_product_attention, in order."""
Shape = tuple[int, ...]


@dataclass(slots=True)
class Products:
    """The matrix products of a run and how often each was made.

    `linear` are those of linear layers as (rows, inner, columns). `attention` are those of
    scaled_dot_product_attention, (pairs of batch and head, queries, keys, width): queries with keys and
    weights with values. A causal one over as many keys as queries needs half of them and counts a half.
    Attention that a module writes out itself is in neither.
    """

    linear: Counter[Shape] = field(default_factory=Counter)
    attention: dict[Shape, float] = field(default_factory=dict)

    @contextmanager
    def recorded(self, modules: Sequence[nn.Module]) -> Iterator[None]:
        """While it lasts, the products of these linear layers and of all attention are counted."""

        def count(module: nn.Module, args: tuple[Any, ...]) -> None:
            (value, *_) = args
            columns, inner = module.weight.shape  # type: ignore[misc]
            self.linear[value.numel() // value.shape[-1], int(inner), int(columns)] += 1

        with ExitStack() as hooks:
            for module in modules:
                hooks.enter_context(module.register_forward_pre_hook(count))
            hooks.enter_context(_Attention(self._attend))
            yield

    def _attend(self, query: Tensor, key: Tensor, causal: bool) -> None:
        queries, width = query.shape[-2:]
        shape = (query.numel() // (queries * width), queries, key.shape[-2], width)
        half = causal and queries == key.shape[-2]
        self.attention[shape] = self.attention.get(shape, 0.0) + (0.5 if half else 1.0)

    def linear_seconds(self, device: torch.device, dtype: torch.dtype) -> float:
        """How long the products of linear layers alone take through torch.mm."""
        return _seconds(self.linear, lambda shape: _linear(shape, device, dtype), device)

    def attention_seconds(self, device: torch.device, dtype: torch.dtype) -> float:
        """How long those of attention alone take through torch.bmm, without mask and softmax."""
        return _seconds(self.attention, lambda shape: _attended(shape, device, dtype), device)


class _Attention(TorchFunctionMode):
    """While it lasts, `found` learns of each call of scaled_dot_product_attention."""

    def __init__(self, found: Callable[[Tensor, Tensor, bool], None]) -> None:
        super().__init__()
        self._found = found

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """See torch."""
        kwargs = kwargs or {}
        if func is nn.functional.scaled_dot_product_attention:
            given = dict(zip(ATTENTION, args, strict=False)) | kwargs
            self._found(given["query"], given["key"], bool(given.get("is_causal")))
        return func(*args, **kwargs)


def _linear(shape: Shape, device: torch.device, dtype: torch.dtype) -> Callable[[], Tensor]:
    rows, inner, columns = shape
    a = torch.randn(rows, inner, device=device, dtype=dtype)
    b = torch.randn(columns, inner, device=device, dtype=dtype).T
    return lambda: torch.mm(a, b)


def _attended(shape: Shape, device: torch.device, dtype: torch.dtype) -> Callable[[], Tensor]:
    pairs, queries, keys, width = shape
    query = torch.randn(pairs, queries, width, device=device, dtype=dtype)
    key = torch.randn(pairs, keys, width, device=device, dtype=dtype)
    return lambda: torch.bmm(torch.bmm(query, key.mT), key)


@torch.inference_mode()
def _seconds(
    counts: Mapping[Shape, float], made: Callable[[Shape], Callable[[], Tensor]], device: torch.device
) -> float:
    total = 0.0
    for shape, count in counts.items():
        work = made(shape)
        total += count * _best(work, device)
    return total


def _best(work: Callable[[], Tensor], device: torch.device) -> float:
    times: list[float] = []
    while len(times) < REPEATS and sum(times) < ENOUGH:
        times.append(_timed(work, device))
    return min(times)


def _timed(work: Callable[[], Tensor], device: torch.device) -> float:
    """Seconds of one product."""
    if device.type != "cuda":
        began = time.perf_counter()
        work()
        return time.perf_counter() - began
    torch.cuda.synchronize(device)
    began = time.perf_counter()
    for _ in range(LAUNCHES):
        work()
    torch.cuda.synchronize(device)
    return (time.perf_counter() - began) / LAUNCHES
