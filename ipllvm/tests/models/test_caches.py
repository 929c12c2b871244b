"""Some slots of some rows of a cache, beside plain indexing."""

from typing import Any

import torch
from transformers import DynamicCache

from ipllvm.models import caches

ROWS, SLOTS = torch.tensor([2, 0, 2]), torch.tensor([[0, 3], [4, 1], [2, 2]])


def _cache(layers: int = 3) -> Any:
    made, rng = DynamicCache(), torch.Generator().manual_seed(0)
    for index in range(layers):
        keys, values = torch.randn(2, 3, 4, 5, 6, generator=rng)
        made.update(keys, values, index)
    return made


def _by_hand(held: torch.Tensor) -> torch.Tensor:
    rows = zip(ROWS.tolist(), SLOTS.tolist(), strict=True)
    return torch.stack([held[row][:, slots] for row, slots in rows])


def test_slots_are_gathered_and_the_source_is_taken_apart() -> None:
    source, same = _cache(), _cache()
    found: Any = caches.select_from_cache(source, ROWS, SLOTS)
    assert source.layers == [None] * 3
    for layer, whole in zip(found.layers, same.layers, strict=True):
        assert torch.equal(layer.keys, _by_hand(whole.keys))
        assert torch.equal(layer.values, _by_hand(whole.values))


def test_lower_layers_are_copied_under_gathered_ones_and_stay() -> None:
    upper, clean = _cache(0), _cache()
    upper.update(clean.layers[2].keys + 1, clean.layers[2].values + 1, 2)
    found: Any = caches.copied(clean.layers[:2], ROWS, SLOTS, caches.select_from_cache(upper, ROWS, SLOTS))
    for number, whole in enumerate(_cache().layers):
        assert torch.equal(found.layers[number].keys, _by_hand(whole.keys) + (number == 2))
        assert torch.equal(clean.layers[number].keys, whole.keys)


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
    source = _cache(1)  # 3 rows of 5 slots
    pool: Any = caches.RaggedCache()
    for first, lengths, slots, shape in (
        (0, [5], 50, (1, 50)),
        (0, [5, 2, 5], 8, (3, 8)),
        (3, [4], 20, (4, 20)),
        (0, [5, 5], 8, (4, 20)),
    ):
        pool.enter(first, source, lengths, slots)
        for held in pool.layers[0]._held:
            assert (len(held), held.shape[2]) == shape
    keys, values = pool.layers[0]._held
    for held, whole in ((keys, source.layers[0].keys), (values, source.layers[0].values)):
        for row, (number, length) in enumerate([(0, 5), (1, 5), (2, 5), (0, 4)]):
            assert torch.equal(held[row, :, :length], whole[number, :, :length])
        assert not held[1, :, 5:].any() and held[3, :, 4:].isfinite().all()
