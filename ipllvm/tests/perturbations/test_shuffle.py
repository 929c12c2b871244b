"""Shuffled patches: the same patches, elsewhere."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ipllvm.errors import UsageError
from ipllvm.laws.strategies import orders
from ipllvm.perturbations.shuffle import CellSwaps, PatchShuffle, fitted, rearranged

grids = st.integers(1, 6)
seeds = st.integers(0, 10**6)


def _image(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def _patches(image: Image.Image, grid: int) -> list[bytes]:
    pixels = np.array(image)
    rows, columns = pixels.shape[0] // grid, pixels.shape[1] // grid
    cut = pixels.reshape(grid, rows, grid, columns, 3).swapaxes(1, 2)
    return [patch.tobytes() for patch in cut.reshape(grid**2, rows, columns, 3)]


@given(grids, st.integers(1, 40), st.integers(1, 40), seeds)
def test_the_multiset_of_patches_is_kept(grid: int, width: int, height: int, seed: int) -> None:
    image = _image(width, height)
    shuffled = PatchShuffle(grid).apply(image, None, np.random.default_rng(seed))
    assert shuffled.size == fitted(image, grid).size and shuffled.mode == "RGB"
    assert Counter(_patches(shuffled, grid)) == Counter(_patches(fitted(image, grid), grid))


@given(orders(9))
def test_each_place_gets_the_patch_that_is_named(order: tuple[int, ...]) -> None:
    image = _image(12, 15)
    before, after = _patches(image, 3), _patches(rearranged(image, np.array(order), 3), 3)
    assert after == [before[cell] for cell in order]


@given(grids, st.integers(1, 40), st.integers(1, 40))
def test_the_identity_is_the_fitted_image(grid: int, width: int, height: int) -> None:
    image = _image(width, height)
    same = rearranged(image, np.arange(grid**2), grid)
    assert same.tobytes() == fitted(image, grid).tobytes()


@given(orders(16))
def test_an_order_and_its_inverse_cancel(order: tuple[int, ...]) -> None:
    image = _image(16, 20)
    there = rearranged(image, np.array(order), 4)
    assert rearranged(there, np.argsort(order), 4).tobytes() == image.tobytes()


@pytest.mark.parametrize(
    ("size", "grid", "expected"),
    [((28, 28), 14, (28, 28)), ((30, 33), 14, (28, 28)), ((36, 35), 14, (42, 28)), ((3, 100), 8, (8, 96))],
)
def test_sides_are_fitted_to_the_nearest_multiple(
    size: tuple[int, int], grid: int, expected: tuple[int, int]
) -> None:
    image = _image(*size)
    assert fitted(image, grid).size == expected
    assert (fitted(image, grid) is image) == (size == expected)


def test_orders_are_uniform() -> None:
    image = Image.fromarray(np.arange(4, dtype=np.uint8).reshape(2, 2))
    drawn = [PatchShuffle(2).apply(image, None, np.random.default_rng(s)).tobytes() for s in range(4800)]
    counts = np.array(list(Counter(drawn).values()))
    assert len(counts) == 24
    assert abs(counts - 200).max() < 4.5 * np.sqrt(200)


def test_what_is_no_order_is_refused() -> None:
    with pytest.raises(UsageError, match="each of its 4 cells once"):
        rearranged(_image(4, 4), np.array([0, 1, 2, 2]), 2)
    with pytest.raises(UsageError, match="at least 1 x 1"):
        PatchShuffle(0)


def test_pictures_are_resized_bicubically() -> None:
    """Outcomes are kept by the printed form: another filter would be taken for this one."""
    image = _image(31, 17)
    found, wanted = fitted(image, 4), image.resize((32, 16), Image.Resampling.BICUBIC)
    assert found.size == (32, 16) and found.tobytes() == wanted.tobytes()
    assert found.tobytes() != image.resize((32, 16), Image.Resampling.BILINEAR).tobytes()


@given(grids, st.integers(1, 40), seeds)
def test_a_shuffle_is_all_the_swaps_that_it_is_taken_apart_into(grid: int, side: int, seed: int) -> None:
    image, shuffle = _image(side, side), PatchShuffle(grid)
    parts = shuffle.taken_apart(None, np.random.default_rng(seed))
    swaps = parts.make(parts.items)
    assert swaps == CellSwaps(parts.items, grid)
    whole = shuffle.apply(image, None, np.random.default_rng(seed))
    assert swaps.apply(image, None, np.random.default_rng(0)).tobytes() == whole.tobytes()
