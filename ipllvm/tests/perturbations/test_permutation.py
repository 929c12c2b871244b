import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.errors import UnknownName
from ipllvm.laws.strategies import swaps
from ipllvm.perturbations.permutation import SCOPES, Permutation, Swaps
from ipllvm.records import Layout, Stage


def _layout(base: int = 4, rows: int = 3, columns: int = 5) -> Layout:
    """A base view of base x base tokens, then rows of `columns` tokens and a newline."""
    high = rows * (columns + 1)
    newline = np.array([False] * base**2 + ([False] * columns + [True]) * rows)
    view = np.repeat([0, 1], [base**2, high])
    row = np.concatenate([np.repeat(np.arange(base), base), np.repeat(np.arange(rows), columns + 1)])
    column = np.concatenate([np.tile(np.arange(base), base), np.tile(np.arange(columns + 1), rows)])
    return Layout(view, row, column, newline)


@pytest.mark.parametrize("scope", ["keep_newline", "by_view", "all"])
@given(seed=st.integers(0, 10**6))
def test_every_scope_keeps_the_multiset_of_tokens(scope: str, seed: int) -> None:
    layout = _layout()
    tokens = torch.arange(len(layout)).float()[:, None].expand(-1, 3)
    moved = Permutation(scope).apply(tokens, layout, np.random.default_rng(seed))
    assert moved.shape == tokens.shape
    assert moved.dtype == tokens.dtype
    assert torch.equal(moved[:, 0].sort().values, tokens[:, 0])


@given(seed=st.integers(0, 10**6))
def test_newlines_stay_put_and_views_stay_apart(seed: int) -> None:
    layout = _layout()
    kept = Permutation("keep_newline").order(layout, np.random.default_rng(seed))
    apart = Permutation("by_view").order(layout, np.random.default_rng(seed))
    assert np.array_equal(kept[layout.newline], np.flatnonzero(layout.newline))
    assert np.array_equal(layout.view[apart], layout.view)
    assert np.array_equal(apart[layout.newline], np.flatnonzero(layout.newline))


def test_all_moves_newlines_too() -> None:
    layout = _layout()
    orders = [Permutation("all").order(layout, np.random.default_rng(seed)) for seed in range(20)]
    assert any(not np.array_equal(o[layout.newline], np.flatnonzero(layout.newline)) for o in orders)


def test_permutations_are_uniform() -> None:
    layout = Layout(*(np.zeros(3, int),) * 3, newline=np.zeros(3, bool))
    rng = np.random.default_rng(0)
    drawn = [tuple(Permutation().order(layout, rng)) for _ in range(6000)]
    counts = np.unique(drawn, axis=0, return_counts=True)[1]
    assert len(counts) == 6
    assert abs(counts - 1000).max() < 4 * np.sqrt(6000 * 1 / 6 * 5 / 6)


def test_tile_permutes_inside_each_tile() -> None:
    tiles = torch.arange(2 * 6 * 2).reshape(2, 6, 2).float()
    moved = Permutation("tile").apply(tiles, None, np.random.default_rng(1))
    assert not torch.equal(moved, tiles)
    assert torch.equal(moved.sort(dim=1).values, tiles)
    assert torch.equal(tiles, torch.arange(24).reshape(2, 6, 2).float()), "the input is left as it was"


def test_stages() -> None:
    stages = {scope: Permutation(scope).stage for scope in SCOPES}
    assert stages.pop("tile") is Stage.PROJECTED
    assert set(stages.values()) == {Stage.VISUAL_TOKENS}


def test_an_unknown_scope_says_the_closest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'keep_newline'"):
        Permutation("keep_newlines")


@given(swaps(31))
def test_swaps_and_their_inverse_cancel(forth: Swaps) -> None:
    layout = _layout()
    both = Swaps(forth.pairs + forth.inverse.pairs)
    assert np.array_equal(both.order(layout), np.arange(len(layout)))
    moved = forth.order(layout)
    assert np.array_equal(moved[layout.newline], np.flatnonzero(layout.newline))


@pytest.mark.parametrize("scope", SCOPES)
def test_a_permutation_is_taken_apart_where_swaps_of_two_tokens_make_it(scope: str) -> None:
    layout, rng = _layout(), np.random.default_rng(3)
    parts = Permutation(scope).taken_apart(layout, rng)
    assert (parts is None) == (scope in ("all", "tile"))
    assert Permutation(scope).taken_apart(None, rng) is None


def test_swaps_need_to_know_where_tokens_are() -> None:
    tokens, rng = torch.arange(46).float()[:, None], np.random.default_rng(0)
    with pytest.raises(TypeError, match="by their layout"):
        Swaps(((0, 1),)).apply(tokens, None, rng)
    layout = _layout()
    moved = Swaps(((0, 1),)).apply(torch.arange(len(layout)).float()[:, None], layout, rng)
    assert moved[:3, 0].tolist() == [1, 0, 2]
