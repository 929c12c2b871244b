"""Grids over packed tokens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.errors import UsageError
from ipllvm.perturbations.groups import centre, edge, edges, groups, members
from ipllvm.tests.perturbations.layouts import packed


def test_a_grid_that_divides_the_map_has_square_cells() -> None:
    cells = groups(packed((24, 24)), 6).reshape(24, 24)
    assert np.array_equal(cells, np.arange(36).reshape(6, 6).repeat(4, 0).repeat(4, 1))


def test_boundaries_are_rounded_to_whole_tokens() -> None:
    cells = groups(packed((27, 27)), 6).reshape(27, 27)
    bounds = [round(i * 27 / 6) for i in range(7)]
    for index in range(36):
        top, left = index // 6, index % 6
        block = cells[bounds[top] : bounds[top + 1], bounds[left] : bounds[left + 1]]
        assert (block == index).all() and block.size


def test_each_view_is_divided_by_its_own_extent_and_newlines_are_in_no_group() -> None:
    layout = packed((4, 4), (4, 8))
    cells = groups(layout, 2)
    assert (cells[layout.newline] == -1).all()
    high = cells[layout.view == 1].reshape(4, 9)[:, :8]
    assert np.array_equal(high, np.array([[0, 1], [2, 3]]).repeat(2, 0).repeat(4, 1))
    assert np.array_equal(cells[:16].reshape(4, 4), np.array([[0, 1], [2, 3]]).repeat(2, 0).repeat(2, 1))


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 8))
def test_every_picture_token_is_in_one_group(rows: int, columns: int, grid: int) -> None:
    layout = packed((rows, columns), (columns, rows))
    cells = groups(layout, grid)
    assert ((cells >= 0) == ~layout.newline).all() and cells.max() < grid**2
    if grid <= min(rows, columns):
        assert set(cells[~layout.newline]) == set(range(grid**2))
        found = [members(layout, grid, group) for group in range(grid**2)]
        assert sorted(np.concatenate(found)) == np.flatnonzero(~layout.newline).tolist()


@given(st.integers(1, 500), st.integers(1, 60))
def test_edges_cut_a_side_without_gaps(extent: int, grid: int) -> None:
    bounds = edges(extent, grid)
    assert bounds[0] == 0 and bounds[-1] == extent and (np.diff(bounds) >= 0).all()
    assert bounds.tolist() == [round(i * extent / grid) for i in range(grid + 1)]
    assert np.ptp(np.diff(bounds)) <= 2


def test_a_group_without_tokens_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"group 0 of a 6 x 6 grid holds no visual token.*coarser"):
        members(packed((2, 2)), 6, 0)


def test_centre_and_edge_are_those_of_the_paper() -> None:
    assert centre(4) == (5, 6, 9, 10)
    assert centre(6) == (14, 15, 20, 21)
    assert set(edge(4)) == set(range(16)) - set(centre(4))
    assert len(edge(4)) == 12 and len(edge(6)) == 20
    ring = set(range(36)) - set(edge(6)) - set(centre(6))
    assert ring == {7, 8, 9, 10, 13, 16, 19, 22, 25, 26, 27, 28}


@pytest.mark.parametrize("grid", [1, 2, 3, 5])
def test_a_grid_without_an_inner_square_has_no_centre(grid: int) -> None:
    with pytest.raises(UsageError, match="even grid"):
        centre(grid)


def test_a_grid_has_cells() -> None:
    with pytest.raises(UsageError, match="at least 1 x 1"):
        groups(packed((4, 4)), 0)
