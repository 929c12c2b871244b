"""Keys and values in transformers' caches: kept as they come, selected, and rows that grow in place.

In shapes: r rows, h heads, s slots (the positions held), c columns (those of a step), w the width of a head.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

SPARE = 1.5
"""A part of a tensor is copied where the whole has more than so many times its bytes."""


@functools.cache
def keyword(forward: Callable[..., object]) -> str:
    """What a forward pass of transformers calls the cache it is given: another word since 5.24."""
    return "cache" if "cache" in signature(forward).parameters else "past_key_values"


class _Kept(DynamicLayer):  # type: ignore[no-untyped-call]
    """Holds the first keys and values that it is given as they are."""

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **named: Any
    ) -> tuple[Tensor, Tensor]:
        """See transformers: only what comes behind others is copied."""
        if self.is_initialized:
            return super().update(key_states, value_states, *args, **named)
        self.dtype, self.device, self.is_initialized = key_states.dtype, key_states.device, True
        self.keys, self.values = _compact(key_states), _compact(value_states)
        return self.keys, self.values


class PromptCache(DynamicCache):
    """The cache of prompts: the keys and values of a pass, which are not copied as in transformers' own."""

    def __init__(self) -> None:
        super().__init__()
        self.layer_class_to_replicate = _Kept


class _InPlace(DynamicLayer):  # type: ignore[no-untyped-call]
    """The keys and values of rows of different lengths; `at` [rows, columns] is where the next ones go."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.at = torch.empty(0, 0, dtype=torch.long)
        self.before = 0
        self._held: tuple[Tensor, ...] = ()  # keys and values, [r, h, s, w] each

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **named: Any
    ) -> tuple[Tensor, Tensor]:
        """See transformers: the next ones of each row are written behind its own."""
        rows, columns = self.at.shape
        for held, new in zip(self._held, (key_states, value_states), strict=True):
            row = torch.arange(rows, device=held.device)[:, None]  # [r, 1], beside `at` [r, c]
            held[row, :, self.at] = new.transpose(1, 2)  # [r, c, h, w]: indices around a slice come first
        keys, values = (held[:rows, :, : self.before + columns] for held in self._held)  # [r, h, s, w]
        return keys, values

    def get_seq_length(self, *args: Any) -> int:
        """The length of the longest row."""
        return self.before

    def fit(self, staying: int, rows: int, slots: int, like: Any) -> None:
        """Make room for rows and slots, the first `staying` of which stay; no more than that where none does.

        What nobody has written is zero: a mask hides no NaN.
        """
        have = (len(self._held[0]), self._held[0].shape[2]) if self._held else (0, 0)
        if rows <= have[0] and slots <= have[1]:
            return
        if staying:
            rows, slots = max(rows, have[0]), max(slots, have[1])
        else:
            self._held = ()  # given back before there are others
        grown = [
            each.new_zeros(rows, each.shape[1], slots, each.shape[3]) for each in (like.keys, like.values)
        ]
        for held, old in zip(grown, self._held, strict=staying > 0):
            held[:staying, :, : have[1]] = old[:staying]  # [staying, h, their slots, w]
        self._held = tuple(grown)

    def write(self, row: int, source: Any, number: int, pieces: Sequence[range]) -> None:
        """These slots of a row of another layer become the first ones of a row."""
        for held, other in zip(self._held, (source.keys, source.values), strict=True):
            begin = 0
            for piece in pieces:
                end = begin + len(piece)
                held[row, :, begin:end] = other[number, :, piece.start : piece.stop]  # [h, piece, w]
                begin = end

    def move(self, source: int, row: int, length: int) -> None:
        """A row takes the place of another."""
        for held in self._held:
            held[row, :, :length] = held[source, :, :length]  # [h, length, w]


@dataclass(frozen=True, slots=True)
class SelectedRows:
    """Slots [live, slots] of rows of caches, which are not copied before they enter a `RaggedCache`.

    `layers` are each a layer and the rows that are meant; None where it holds nothing.
    """

    layers: list[tuple[Any, Int[Tensor, " live"]] | None]
    slots: Int[Tensor, "live slots"]

    def pieces(self, lengths: Sequence[int]) -> list[list[range]]:
        """The first slots of each row, so many, in pieces of one behind the other."""
        return [_pieces(own[:length]) for own, length in zip(self.slots.cpu(), lengths, strict=True)]


class RaggedCache(DynamicCache):
    """Rows that come and go, each as long as it is; steps are written in place.

    What is rejected of a step is written over by the next.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layer_class_to_replicate = _InPlace

    def enter(self, first: int, selected: SelectedRows, lengths: Sequence[int], slots: int) -> None:
        """Rows that were selected, so many slots of each, from row `first` on, with room for `slots` of each;
        they are given up layer by layer.
        """
        pieces = selected.pieces(lengths)
        for index, chosen in enumerate(selected.layers):
            if index == len(self.layers):
                self.layers.append(_InPlace())
            if chosen is not None:
                source, rows = chosen
                self._own[index].fit(first, first + len(lengths), slots, source)
                for number, row in enumerate(rows.tolist()):
                    self._own[index].write(first + number, source, row, pieces[number])
            selected.layers[index] = None

    def move(self, source: int, row: int, length: int) -> None:
        """A row takes the place of another that has ended."""
        for layer in self._own:
            layer.move(source, row, length)

    def expect(self, at: Int[Tensor, "rows columns"], longest: int) -> None:
        """The next step fills these slots of the first rows, the longest of which holds so many."""
        for layer in self._own:
            layer.at, layer.before = at, longest

    @property
    def _own(self) -> list[_InPlace]:
        return cast("list[_InPlace]", self.layers)


def select_from_cache(
    cache: Any, rows: Int[Tensor, " live"], slots: Int[Tensor, "live slots"]
) -> SelectedRows:
    """Some slots of some rows of a cache, which gives up its layers."""
    layers = [_chosen(layer, rows) for layer in cache.layers]
    cache.layers.clear()
    return SelectedRows(layers, slots)


def filled(selected: SelectedRows, layers: Sequence[Any], rows: Int[Tensor, " live"]) -> SelectedRows:
    """What was selected, with rows of these layers, which stay, in place of its first ones."""
    lower = [_chosen(layer, rows) for layer in layers]
    return SelectedRows([*lower, *selected.layers[len(lower) :]], selected.slots)


def join_caches(rows: Sequence[Any], length: int) -> DynamicCache:
    """A cache of which each row holds the first slots of one of some caches of one row, which stay."""
    joined = PromptCache()
    for index, layers in enumerate(zip(*(cache.layers for cache in rows), strict=True)):
        keys = _joined([layer.keys[:, :, :length] for layer in layers])  # [r, h, length, w]
        joined.update(keys, _joined([layer.values[:, :, :length] for layer in layers]), index)
    return joined


def _joined(rows: Sequence[Tensor]) -> Float[Tensor, "rows heads slots width"]:
    """Rows of one behind each other; the same one often is not copied."""
    first = rows[0]
    if all(each.data_ptr() == first.data_ptr() for each in rows):
        return first.expand(len(rows), -1, -1, -1)
    return torch.cat([*rows])


def _chosen(layer: Any, rows: Tensor) -> tuple[Any, Tensor] | None:
    """A layer and rows of it; None where it holds nothing, as one that shares the keys of another."""
    return (layer, rows) if layer.get_seq_length() else None


def _pieces(slots: Int[Tensor, " slots"]) -> list[range]:
    """Slots as pieces, in each of which one is behind the other."""
    ends = (slots.diff() != 1).nonzero()[:, 0] + 1  # [pieces - 1]: where the next piece begins
    return [range(int(each[0]), int(each[-1]) + 1) for each in slots.tensor_split(ends) if len(each)]


def _compact(states: Tensor) -> Tensor:
    """The tensor itself, or a copy where it would keep much more than itself in memory."""
    whole = states.untyped_storage().nbytes()
    return states.clone() if whole > SPARE * states.nbytes else states
