"""Some slots of some rows of a cache that enter another, beside plain indexing."""

from typing import Any, cast

import pytest
import torch
from transformers import DynamicCache

from ipllvm.models import caches

ROWS, SLOTS = torch.tensor([2, 0, 2]), torch.tensor([[0, 1, 3, 4], [1, 2, 3, 4], [2, 0, 1, 4]])


def _cache(layers: int = 3) -> Any:
    made, rng = DynamicCache(), torch.Generator().manual_seed(0)
    for index in range(layers):
        keys, values = torch.randn(2, 3, 4, 5, 6, generator=rng)
        made.update(keys, values, index)
    return made


def _by_hand(held: torch.Tensor, lengths: list[int]) -> list[torch.Tensor]:
    rows = zip(ROWS.tolist(), SLOTS.tolist(), lengths, strict=True)
    return [held[row][:, slots[:length]] for row, slots, length in rows]


def _held_alike(pool: Any, layer: int, keys: torch.Tensor, values: torch.Tensor, lengths: list[int]) -> None:
    for held, whole in zip(pool.layers[layer]._held, (keys, values), strict=True):
        for row, expected in enumerate(_by_hand(whole, lengths)):
            assert torch.equal(held[row, :, : lengths[row]], expected)
            assert not held[row, :, lengths[row] :].any()


def _whole(lengths: list[int]) -> caches.SelectedRows:
    """The first rows of a cache from their first slot on."""
    rows = torch.arange(len(lengths))
    return caches.select_from_cache(_cache(1), rows, torch.arange(5).repeat(len(rows), 1))


@pytest.mark.parametrize("lengths", [[4, 4, 4], [3, 1, 2]])
def test_slots_enter_as_they_are_and_the_source_is_taken_apart(lengths: list[int]) -> None:
    source, pool = _cache(), caches.RaggedCache()
    selected = caches.select_from_cache(source, ROWS, SLOTS)
    pool.enter(0, selected, lengths, 9)
    assert not source.layers and selected.layers == [None] * 3
    for number, whole in enumerate(_cache().layers):
        _held_alike(pool, number, whole.keys, whole.values, lengths)


def test_lower_layers_enter_under_selected_ones_and_stay() -> None:
    upper, clean, pool = _cache(0), _cache(), caches.RaggedCache()
    upper.update(clean.layers[2].keys + 1, clean.layers[2].values + 1, 2)
    selected = caches.select_from_cache(upper, ROWS, SLOTS)
    pool.enter(0, caches.filled(selected, clean.layers[:2], ROWS), [4, 4, 4], 9)
    for number, whole in enumerate(_cache().layers):
        _held_alike(pool, number, whole.keys + (number == 2), whole.values + (number == 2), [4, 4, 4])
        assert torch.equal(clean.layers[number].keys, whole.keys)


def test_a_layer_that_holds_nothing_stays_empty() -> None:
    source, pool, empty = _cache(1), cast("Any", caches.RaggedCache()), cast("Any", caches._Kept)
    source.layers.append(empty())
    pool.enter(0, caches.select_from_cache(source, ROWS, SLOTS), [4, 4, 4], 9)
    assert len(pool.layers) == 2 and not pool.layers[1]._held


def test_rows_are_joined_as_far_as_they_are_wanted() -> None:
    one, other = _cache(1), _cache(1)
    one.batch_select_indices(torch.tensor([1]))
    other.batch_select_indices(torch.tensor([0]))
    for rows in ([one, one, one], [one, other, one]):
        wide: Any = caches.join_caches(rows, 2)
        for kept in ("keys", "values"):
            parts = [getattr(row.layers[0], kept)[:, :, :2] for row in rows]
            assert torch.equal(getattr(wide.layers[0], kept), torch.cat(parts))
    assert len(one.layers[0].keys) == 1


def test_room_is_for_the_rows_that_go_on() -> None:
    """Short prompts behind long ones that have ended have slots of their own length; rows that go on stay."""
    (whole,) = _cache(1).layers  # 3 rows of 5 slots
    pool: Any = caches.RaggedCache()
    for first, lengths, slots, shape in (
        (0, [5], 50, (1, 50)),
        (0, [5, 2, 5], 8, (3, 8)),
        (3, [4], 20, (4, 20)),
        (0, [5, 5], 8, (4, 20)),
    ):
        pool.enter(first, _whole(lengths), lengths, slots)
        for held in pool.layers[0]._held:
            assert (len(held), held.shape[2]) == shape
    keys, values = pool.layers[0]._held
    for held, own in ((keys, whole.keys), (values, whole.values)):
        for row, (number, length) in enumerate([(0, 5), (1, 5), (2, 5), (0, 4)]):
            assert torch.equal(held[row, :, :length], own[number, :, :length])
        assert not held[1, :, 5:].any() and held[3, :, 4:].isfinite().all()
