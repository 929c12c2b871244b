"""Keys and values in transformers' caches: some slots of some rows of them, copied."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import DynamicCache


def select_from_cache(
    cache: Any, rows: Int[Tensor, " live"], slots: Int[Tensor, "live slots"]
) -> DynamicCache:
    """A cache that holds some slots of some rows of another, which is taken apart layer by layer.

    Layers that hold nothing are left empty.
    """
    kept, layers = DynamicCache(), cache.layers
    for index, layer in enumerate(layers):
        if layer.get_seq_length():
            _put(kept, index, layer, rows, slots)
        layers[index] = None
    return kept


def copied(
    layers: Sequence[Any], rows: Int[Tensor, " live"], slots: Int[Tensor, "live slots"], cache: DynamicCache
) -> DynamicCache:
    """A cache whose first layers, empty before, hold some slots of some rows of these."""
    for index, layer in enumerate(layers):
        _put(cache, index, layer, rows, slots)
    return cache


def expand_cache(cache: Any, rows: int) -> DynamicCache:
    """A cache of `rows` rows like the one of another, which stays as it is."""
    wide = DynamicCache()
    for index, layer in enumerate(cache.layers):
        keys, values = (
            each.expand(rows, -1, -1, -1) for each in (layer.keys, layer.values)
        )  # (rows, h, S, w)
        wide.update(keys, values, index)
    return wide


def _put(cache: DynamicCache, index: int, layer: Any, rows: Tensor, slots: Tensor) -> None:
    cache.update(_chosen(layer.keys, rows, slots), _chosen(layer.values, rows, slots), index)


def _chosen(held: Tensor, rows: Tensor, slots: Tensor) -> Float[Tensor, "live heads slots width"]:
    """Some slots of some rows of keys or values [rows, heads, slots, width]."""
    _, heads, length, width = held.shape  # (R, h, S, w); l live rows of R, s slots of S
    head = torch.arange(heads, device=rows.device)  # (h)
    at = (rows[:, None, None] * heads + head[:, None]) * length + slots[:, None]  # (l, h, s) in R * h * S
    return held.flatten(0, 2).index_select(0, at.flatten()).view(*at.shape, width)  # (l, h, s, w)
