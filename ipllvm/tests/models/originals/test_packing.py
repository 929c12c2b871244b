"""Tiles become tokens as the config says, and each token knows where it comes from."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.models.originals.packing import Packing
from ipllvm.models.originals.settings import MERGES

RESOLUTIONS = [(56, 112), (112, 56), (112, 112), (56, 168), (168, 56)]
NEWLINE = torch.full((3,), -1.0)


def packing(merge: str, most: int | None = None) -> Packing:
    return Packing(4, 56, RESOLUTIONS, merge, most)


def marked(rows: int, columns: int) -> torch.Tensor:
    """Tiles whose tokens say their tile, and their row and column in it."""
    places = torch.arange(4.0)
    return torch.cartesian_prod(torch.arange(1.0 + rows * columns), places, places).view(-1, 16, 3)


@pytest.mark.parametrize("merge", MERGES)
@pytest.mark.parametrize("size", [(60, 150), (150, 61), (50, 50), (100, 100), (33, 170)])
def test_a_token_comes_from_where_the_layout_says(merge: str, size: tuple[int, int]) -> None:
    kind = packing(merge)
    rows, columns = kind.across(size)
    tokens, layout = kind.pack(marked(rows, columns), size, NEWLINE), kind.layout(size)
    assert len(tokens) == len(layout)
    assert ((tokens[:, 0] == -1).numpy() == layout.newline).all()
    high = (layout.view == 1) & ~layout.newline
    tile, row, column = tokens[high].T.int().numpy() - [[1], [0], [0]]
    above, before = row + 4 * (tile // columns), column + 4 * (tile % columns)
    assert (above - above.min() == layout.row[high]).all()
    assert (before - before.min() == layout.column[high]).all()


def test_tiles_one_after_the_other_and_the_whole_map_have_no_newline() -> None:
    size = (50, 110)
    flat, spatial = (packing(merge).pack(marked(1, 2), size, NEWLINE) for merge in ("flat", "spatial"))
    assert torch.equal(flat, marked(1, 2).flatten(0, 1))
    assert len(spatial) == len(flat) and not torch.equal(spatial, flat)
    assert spatial[16:24, 0].tolist() == [1] * 4 + [2] * 4, "a row of the map goes through both tiles"


def test_a_square_of_tile_size_is_two_tiles_above_each_other() -> None:
    assert packing("spatial_unpad").across((50, 50)) == (1, 2)  # as (height, width) the first listed
    assert Packing(4, 56, [(112, 56), (56, 112)], "flat").across((50, 50)) == (2, 1)


@settings(max_examples=60, deadline=None)
@given(st.integers(16, 700), st.integers(16, 700), st.sampled_from([None, 1, 4, 9]))
def test_any_size_has_as_many_tokens_as_places(height: int, width: int, most: int | None) -> None:
    sides = [56 * n for n in range(1, 7)]
    kind = Packing(4, 56, [(a, b) for a in sides for b in sides], "spatial_unpad", most)
    rows, columns = kind.across((height, width))
    tiles = torch.zeros(1 + rows * columns, 16, 2)
    assert len(kind.pack(tiles, (height, width), torch.ones(2))) == len(kind.layout((height, width)))


def test_rows_are_cut_off_where_transformers_rounds() -> None:
    kind = Packing(24, 336, [(672, 336), (336, 672), (672, 672)], "spatial_unpad")
    height, width = 55, 88
    assert kind.across((height, width)) == (2, 1)
    assert 14.9 < height * (24 / width) < 15, "15 rows, but for floating point"
    kept = kind.layout((height, width))
    assert 1 + int(kept.row[kept.view == 1].max()) == 48 - 2 * ((48 - 14) // 2)
