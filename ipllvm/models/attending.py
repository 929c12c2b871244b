"""Attention without what a mask hides anyway, and without queries that nobody reads.

transformers hands a mask to torch as it is, and a fused kernel works out all of it. Where the first columns
of every row see all that come before them, they need no mask and half of the products; where the last layer
is wanted at some columns only, the others ask nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from ipllvm.models.base import Attention, Places

KIND: Final = "sdpa"
SPLIT_FROM: Final = 64
"""So many columns that need no mask are worth a call of their own."""
GIVEN: Final = 5
"""Module, queries, keys, values and mask: what a decoder's attention is given by place."""
Queries = Float[Tensor, "rows heads columns width"]
Keys = Float[Tensor, "rows shared slots width"]
"""Several heads may share the keys and values of one."""
Values = Float[Tensor, "rows shared slots own"]
Attend = Callable[..., tuple[Tensor, Any]]


@dataclass(frozen=True, slots=True)
class _Narrowed:
    """What may be left out: `causal` columns need none of `mask`, `last` asks at `columns` only."""

    mask: Tensor | None
    causal: int
    last: nn.Module
    columns: Int[Tensor, " wanted"] | None

    def attend(
        self,
        usual: Attend,
        module: nn.Module,
        query: Queries,
        key: Keys,
        value: Values,
        mask: Any,
        **named: Any,
    ) -> tuple[Tensor, Any]:
        """As `usual`; zeros where nobody reads."""
        columns, at = self.columns, self.causal
        if columns is not None and module is self.last and _by_columns(module, query, key, mask):
            visible = _visible(columns, key, mask)
            read, weights = usual(module, query[:, :, columns], key, value, visible, **named)
            whole = read.new_zeros(
                read.shape[0], query.shape[2], *read.shape[2:]
            )  # [rows, columns, heads, own]
            whole[:, columns] = read
            return whole, weights
        if (
            not (_causal(module, named) and self._given(mask))
            or not SPLIT_FROM <= at < query.shape[2] == key.shape[2]
        ):
            return usual(module, query, key, value, mask, **named)
        first, _ = usual(module, query[:, :, :at], key[:, :, :at], value[:, :, :at], None, **named)
        rest, weights = usual(module, query[:, :, at:], key, value, mask[:, :, at:], **named)
        return torch.cat([first, rest], 1), weights

    def _given(self, mask: Any) -> bool:
        """Whether a layer looks through the mask of the whole pass, as it was given."""
        own = self.mask
        return own is not None and mask is not None and own.data_ptr() == mask.data_ptr()


_NOW: ContextVar[_Narrowed | None] = ContextVar("narrowed", default=None)


class _Dispatched:
    """transformers' attention, narrowed where this thread has said so."""

    def __init__(self, usual: Attend) -> None:
        self._usual = usual

    def __call__(self, *given: Any, **named: Any) -> tuple[Tensor, Any]:
        """See transformers. Decoders give the mask by place; a call that names it is as usual."""
        now = _NOW.get()
        if now is None or len(given) != GIVEN or named.get("position_bias") is not None:
            return self._usual(*given, **named)
        return now.attend(self._usual, *given, **named)


@contextmanager
def narrowed(decoder: Any, attention: Attention, wanted: Places | None) -> Iterator[None]:
    """While it lasts, a decoder leaves out what neither `attention` nor `wanted` asks for."""
    usual = ALL_ATTENTION_FUNCTIONS[KIND]
    if not isinstance(usual, _Dispatched):
        ALL_ATTENTION_FUNCTIONS[KIND] = _Dispatched(usual)
    token = _NOW.set(_Narrowed(attention.mask, attention.causal, *_wanted(decoder, wanted)))
    try:
        yield
    finally:
        _NOW.reset(token)


def _wanted(decoder: Any, wanted: Places | None) -> tuple[nn.Module, Int[Tensor, " wanted"] | None]:
    """The attention of the last layer, and the columns at which it is read in some row.

    A decoder whose layers are run more than once has no `self_attn` there, and so no last one.
    """
    last = getattr(decoder.layers[-1], "self_attn", decoder)
    return last, None if wanted is None else wanted[1].unique()  # type: ignore[no-untyped-call]


def _by_columns(module: nn.Module, query: Queries, key: Keys, mask: Any) -> bool:
    """Whether what each column sees can be told without the others."""
    if mask is None:
        return key.shape[2] == query.shape[2] and _causal(module, {})
    return bool(mask.ndim == 4 and mask.shape[2] == query.shape[2])


def _causal(module: nn.Module, named: Mapping[str, Any]) -> bool:
    """Whether a layer without a mask sees what comes before alone: what a call says goes before the layer."""
    given = named.get("is_causal")
    return bool(getattr(module, "is_causal", False) if given is None else given)


def _visible(columns: Int[Tensor, " wanted"], key: Keys, mask: Any) -> Tensor:
    """The mask's rows of some columns; [1, 1, wanted, slots] where there is none: all that come before."""
    if mask is None:
        slots = torch.arange(key.shape[2], device=key.device)  # [slots]
        return (slots <= columns[:, None])[None, None]  # [1, 1, wanted, slots]
    rows: Tensor = mask[:, :, columns]  # [rows, heads or 1, wanted, slots]
    return rows
