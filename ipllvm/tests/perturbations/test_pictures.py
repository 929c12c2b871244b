"""Whole pictures resized, on a canvas, turned, compressed and with noise."""

import numpy as np
import pytest
from PIL import Image

from ipllvm.errors import UsageError
from ipllvm.perturbations.degradation import Jpeg, PixelNoise
from ipllvm.perturbations.framing import Letterboxed, Resized
from ipllvm.sampling import generator

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8))


def rng() -> np.random.Generator:
    return generator("pictures")


@pytest.mark.parametrize(("scale", "size"), [(0.5, (15, 10)), (2.0, (60, 40)), (0.001, (1, 1))])
def test_both_sides_are_scaled_to_a_pixel_at_least(scale: float, size: tuple[int, int]) -> None:
    assert Resized(scale).apply(PICTURE, None, rng()).size == size


def test_a_scale_of_1_is_the_picture_itself() -> None:
    assert Resized(1.0).apply(PICTURE, None, rng()) is PICTURE


@pytest.mark.parametrize(("aspect", "size"), [(3.0, (60, 20)), (0.5, (30, 60)), (1.5, (30, 20))])
def test_a_canvas_is_no_larger_than_it_must_be_and_black_around(aspect: float, size: tuple[int, int]) -> None:
    found = Letterboxed(aspect).apply(PICTURE, None, rng())
    assert found.size == size
    pixels, own = np.asarray(found, dtype=int), np.asarray(PICTURE, dtype=int)
    left, top = (size[0] - 30) // 2, (size[1] - 20) // 2
    assert np.array_equal(pixels[top : top + 20, left : left + 30], own)
    assert pixels.sum() == own.sum()


def test_a_worse_compression_is_farther_from_the_picture() -> None:
    own = np.asarray(PICTURE, dtype=float)
    good, bad = (np.asarray(Jpeg(q).apply(PICTURE, None, rng()), dtype=float) for q in (95, 5))
    assert 0 < abs(good - own).mean() < abs(bad - own).mean()


def test_noise_of_a_draw_grows_with_its_strength_and_none_is_the_picture() -> None:
    own = np.asarray(PICTURE, dtype=int)
    none, some, more = (
        np.asarray(PixelNoise(sigma).apply(PICTURE, None, rng()), dtype=int) for sigma in (0.0, 0.02, 0.04)
    )
    assert np.array_equal(none, own)
    inside = (abs(own - 127) < 60) & (abs(some - own) > 2)
    assert np.median((more - own)[inside] / (some - own)[inside]) == pytest.approx(2, abs=0.3)
    assert PixelNoise(0.1).seed_key == PixelNoise(0.9).seed_key


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Resized, 0),
        (Resized, 8.1),
        (Letterboxed, 0.01),
        (Letterboxed, 17),
        (Jpeg, 0),
        (Jpeg, 96),
        (PixelNoise, -1),
        (PixelNoise, 5),
    ],
)
def test_strengths_out_of_range_are_refused(kind: type, value: float) -> None:
    with pytest.raises(UsageError, match="give "):
        kind(value)
