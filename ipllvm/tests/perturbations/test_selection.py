"""Kept groups of visual tokens."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.errors import UnknownName, UsageError
from ipllvm.laws.strategies import kept
from ipllvm.perturbations.groups import groups
from ipllvm.perturbations.selection import Keep
from ipllvm.tests.perturbations.layouts import packed

LAYOUT = packed((8, 8), (8, 16))
TOKENS = torch.randn(len(LAYOUT), 5, generator=torch.Generator().manual_seed(0))
RNG = np.random.default_rng(0)


@given(kept(4))
def test_the_tokens_of_the_groups_stay_in_order(keep: Keep) -> None:
    cells = groups(LAYOUT, 4)
    result = keep.apply(TOKENS, LAYOUT, RNG)
    if len(keep.groups) == 16:
        assert result is TOKENS
    else:
        assert torch.equal(result, TOKENS[np.isin(cells, keep.groups)])


def test_all_groups_kept_is_the_clean_run() -> None:
    assert Keep(tuple(range(16)), 4).apply(TOKENS, LAYOUT, RNG) is TOKENS


@given(st.integers(0, 15))
def test_groups_kept_one_by_one_make_up_the_picture(group: int) -> None:
    alone = Keep((group,), 4).apply(TOKENS, LAYOUT, RNG)
    assert len(alone) == 4 + 8
    others = Keep(tuple(g for g in range(16) if g != group), 4).apply(TOKENS, LAYOUT, RNG)
    assert len(alone) + len(others) == (~LAYOUT.newline).sum()


@given(kept(4, "pool"))
def test_a_pooled_group_is_its_mean(keep: Keep) -> None:
    cells = groups(LAYOUT, 4)
    pooled = keep.apply(TOKENS, LAYOUT, RNG)
    assert pooled.shape == (len(keep.groups), 5)
    expected = np.stack([TOKENS.numpy().astype(float)[cells == g].mean(0) for g in keep.groups])
    assert np.allclose(pooled.numpy(), expected, atol=1e-6)


def test_groups_are_a_set() -> None:
    assert Keep((3, 0, 3), 4) == Keep((0, 3), 4)
    assert str(Keep((3, 0), 4)) == "keep(groups=0+3, grid=4, how=keep)"


def test_bad_groups_are_refused() -> None:
    with pytest.raises(UsageError, match="no group 16 in a 4 x 4 grid: they are 0 to 15"):
        Keep((0, 16), 4)
    with pytest.raises(UsageError, match="no group -1"):
        Keep((-1,), 4)
    with pytest.raises(UsageError, match="at least one"):
        Keep((), 4)
    with pytest.raises(UnknownName, match="did you mean 'pool'"):
        Keep((0,), 4, "pol")
    with pytest.raises(TypeError, match="layout"):
        Keep((0,), 4).apply(TOKENS, None, RNG)
