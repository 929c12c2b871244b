"""Occlusion: which cells go, exactly how many, and that nothing else changes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ipllvm.engine.plan import Plan
from ipllvm.errors import UnknownName, UsageError
from ipllvm.laws.strategies import ratios
from ipllvm.perturbations.occlusion import Drop, RandomDrop, SalientDrop, count, realised, regridded
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import NeedsArtifact, Sample

RNG = np.random.default_rng(0)
grids = st.integers(1, 16)
seeds = st.integers(0, 10**6)


def _map(seed: int, side: int = 14) -> np.ndarray:
    return np.random.default_rng(seed).random((side, side)) ** 4


def _image(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(1).integers(1, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("size", [(28, 28), (31, 17), (14, 14), (100, 45)])
def test_dropped_cells_are_black_and_the_rest_is_untouched(size: tuple[int, int]) -> None:
    image = _image(*size)
    before, after = np.array(image), np.array(Drop((0, 6, 20, 48), 7).apply(image, None, RNG))
    columns, rows = ([round(i * side / 7) for i in range(8)] for side in size)
    for cell in range(49):
        row, column = divmod(cell, 7)
        part = np.s_[rows[row] : rows[row + 1], columns[column] : columns[column + 1]]
        expected = np.zeros_like(before[part]) if cell in (0, 6, 20, 48) else before[part]
        assert np.array_equal(after[part], expected)


def test_all_cells_are_the_whole_image() -> None:
    assert not np.array(Drop(tuple(range(196))).apply(_image(50, 33), None, RNG)).any()


@given(ratios(), grids, seeds)
def test_random_counts_are_exact(ratio: float, grid: int, seed: int) -> None:
    drop = RandomDrop(ratio, grid).drop(np.random.default_rng(seed))
    assert len(drop.cells) == round(ratio * grid**2) == count(ratio, grid)
    assert drop.fraction == RandomDrop(ratio, grid).fraction == len(drop.cells) / grid**2


@given(ratios(), ratios(), grids, seeds)
def test_random_masks_of_one_seed_are_nested(some: float, other: float, grid: int, seed: int) -> None:
    low, high = sorted((some, other))
    fewer, more = (RandomDrop(r, grid).drop(np.random.default_rng(seed)).cells for r in (low, high))
    assert set(fewer) <= set(more)


def test_in_a_plan_masks_are_nested_over_ratios_and_differ_between_samples_and_draws() -> None:
    samples = tuple(Sample(f"s{i}", f"c{i}", (), "", "") for i in range(2))
    drops = tuple(RandomDrop(ratio) for ratio in (0.2, 0.5, 0.8))
    plan = Plan(samples, (Clean(), *drops), 3, 0, 4)
    cells = [[drop.drop(case.rng()).cells for case in plan.cases(samples, drop)] for drop in drops]
    for few, half, most in zip(*cells, strict=True):
        assert set(few) < set(half) < set(most)
    assert len(set(cells[0])) == 2 * 3


def test_random_cells_are_uniform() -> None:
    drawn = np.array([RandomDrop(0.25, 4).drop(np.random.default_rng(seed)).cells for seed in range(2000)])
    counts = np.bincount(drawn.ravel(), minlength=16)
    assert abs(counts - 500).max() < 4.5 * np.sqrt(500 * 0.75)


@given(ratios(), grids, seeds, st.booleans())
def test_salient_counts_are_exact(ratio: float, grid: int, seed: int, lowest: bool) -> None:
    drop = SalientDrop(ratio, grid, lowest).given(_map(seed))
    assert len(drop.cells) == round(ratio * grid**2)


@given(ratios(), seeds)
def test_what_is_dropped_outranks_what_is_left(ratio: float, seed: int) -> None:
    saliency = _map(seed)
    chosen = np.isin(np.arange(196), SalientDrop(ratio).given(saliency).cells).reshape(14, 14)
    lowest = np.isin(np.arange(196), SalientDrop(ratio, lowest=True).given(saliency).cells).reshape(14, 14)
    if 0 < chosen.sum() < 196:
        assert saliency[chosen].min() >= saliency[~chosen].max()
        assert saliency[lowest].max() <= saliency[~lowest].min()


@given(st.integers(0, 196), seeds)
def test_by_count_salient_and_the_rest_as_non_salient_are_complements(number: int, seed: int) -> None:
    top = SalientDrop(number / 196).given(_map(seed)).cells
    bottom = SalientDrop((196 - number) / 196, lowest=True).given(_map(seed)).cells
    assert sorted(top + bottom) == list(range(196))


@given(seeds, st.integers(1, 5).map(lambda half: 2 * half))
def test_by_count_one_half_each_is_the_whole(seed: int, grid: int) -> None:
    top, bottom = (SalientDrop(0.5, grid, lowest).given(_map(seed)).cells for lowest in (False, True))
    assert sorted(top + bottom) == list(range(grid**2))


@given(st.integers(0, 100), seeds)
def test_by_mass_salient_and_non_salient_are_complements(percent: int, seed: int) -> None:
    top = SalientDrop(percent / 100, budget="mass").given(_map(seed)).cells
    bottom = SalientDrop(1 - percent / 100, lowest=True, budget="mass").given(_map(seed)).cells
    assert sorted(top + bottom) == list(range(196))


@given(st.floats(0.01, 0.99), seeds)
def test_by_mass_the_fewest_cells_that_hold_the_share_are_dropped(ratio: float, seed: int) -> None:
    saliency = _map(seed).ravel()
    cells = list(SalientDrop(ratio, budget="mass").given(saliency.reshape(14, 14)).cells)
    held = saliency[cells].sum() / saliency.sum()
    assert held >= ratio - 1e-9
    assert held - saliency[cells].min() / saliency.sum() < ratio + 1e-9


@given(ratios(), ratios(), seeds, st.booleans(), st.sampled_from(["count", "mass"]))
def test_salient_masks_are_nested(some: float, other: float, seed: int, lowest: bool, budget: str) -> None:
    low, high = sorted((some, other))
    fewer, more = (SalientDrop(r, 14, lowest, budget).given(_map(seed)).cells for r in (low, high))
    assert set(fewer) <= set(more)


@pytest.mark.parametrize("budget", ["count", "mass"])
@pytest.mark.parametrize("lowest", [False, True])
def test_ratio_0_drops_nothing_and_1_everything_even_where_nothing_is_salient(
    budget: str, lowest: bool
) -> None:
    saliency = np.eye(14)
    drops = [SalientDrop(ratio, 14, lowest, budget).given(saliency) for ratio in (0, 1)]
    assert [drop.fraction for drop in drops] == [0.0, 1.0]
    image = _image(20, 20)
    assert drops[0].apply(image, None, RNG) is image


def test_ties_fall_by_place() -> None:
    saliency = np.ones((4, 4))
    assert SalientDrop(0.25, 4).given(saliency).cells == (12, 13, 14, 15)
    assert SalientDrop(0.25, 4, lowest=True).given(saliency).cells == (0, 1, 2, 3)


def test_a_map_of_another_size_is_weighed_by_area() -> None:
    saliency = _map(0, 8)
    halved = saliency.reshape(4, 2, 4, 2).sum((1, 3))
    assert np.allclose(regridded(saliency, 4), halved)
    for grid in (3, 5, 14, 24):
        assert np.isclose(regridded(saliency, grid).sum(), saliency.sum())
    assert np.allclose(regridded(saliency, 16), saliency.repeat(2, 0).repeat(2, 1) / 4)
    assert regridded(saliency, 8) is saliency


def test_it_needs_its_map() -> None:
    drop = SalientDrop(0.3, provider="clip-tiny@0123")
    assert isinstance(drop, NeedsArtifact) and drop.artifact == "saliency"
    assert str(drop).endswith("lowest=False, budget=count, provider=clip-tiny@0123)")
    with pytest.raises(TypeError, match="needs a saliency map"):
        drop.apply(_image(9, 9), None, RNG)


@pytest.mark.parametrize(
    "saliency",
    [np.zeros((3, 3)), -np.ones((3, 3)), np.full((3, 3), np.nan), np.ones(9), np.ones((0, 0))],
    ids=["zero", "negative", "nan", "flat", "empty"],
)
def test_what_is_no_saliency_map_is_refused(saliency: np.ndarray) -> None:
    with pytest.raises(UsageError, match="a saliency map"):
        SalientDrop().given(saliency)


@pytest.mark.parametrize("kind", [RandomDrop, SalientDrop])
def test_bad_values_are_refused(kind: Any) -> None:
    for ratio in (-0.1, 1.1, float("nan")):
        with pytest.raises(UsageError, match=r"lies in \[0, 1\]"):
            kind(ratio)
    with pytest.raises(UsageError, match="at least 1 x 1"):
        kind(0.5, 0)
    with pytest.raises(UnknownName, match="did you mean 'mass'"):
        SalientDrop(budget="mas")
    with pytest.raises(UsageError, match="no group 9"):
        Drop((9,), 3)


def test_the_realised_share_is_known_or_found_from_the_maps() -> None:
    flat, peaked = np.ones((2, 2)), np.array([[97.0, 1.0], [1.0, 1.0]])
    assert realised(RandomDrop(0.3, grid=2), ()) == 0.25
    assert realised(SalientDrop(0.3, grid=2), ()) == 0.25
    by_mass = SalientDrop(0.5, grid=2, budget="mass")
    assert realised(by_mass, (flat, peaked)) == pytest.approx((0.5 + 0.25) / 2)
    assert realised(by_mass, ()) is None
