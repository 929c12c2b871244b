"""Compression and noise: laws over pictures of any size, and that more is more."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ipllvm.errors import UsageError
from ipllvm.perturbations.degradation import Jpeg, PixelNoise
from ipllvm.sampling import generator
from ipllvm.tests.perturbations.test_framing import PICTURES, same

RNG = generator("unused")


def off(one: Image.Image, other: Image.Image) -> float:
    """The mean square difference of two pictures."""
    return float(((np.asarray(one, dtype=float) - np.asarray(other, dtype=float)) ** 2).mean())


@given(PICTURES, st.integers(1, 95))
def test_a_compressed_picture_keeps_its_size_and_is_the_same_every_time(
    image: Image.Image, quality: int
) -> None:
    first, again = (Jpeg(quality).apply(image, None, RNG) for _ in range(2))
    assert first.size == image.size and first.mode == "RGB" and same(first, again)


@given(PICTURES, st.floats(0, 4), st.integers(0, 9))
def test_noise_is_that_of_its_generator(image: Image.Image, sigma: float, draw: int) -> None:
    first, again = (PixelNoise(sigma).apply(image, None, generator("draw", draw)) for _ in range(2))
    assert first.size == image.size and same(first, again)
    assert same(PixelNoise(0.0).apply(image, None, generator("draw", draw)), image)


def test_the_noise_of_a_draw_is_scaled_by_its_strength() -> None:
    grey = Image.new("RGB", (12, 8), (127, 127, 127))
    noise = [
        np.asarray(PixelNoise(sigma).apply(grey, None, generator("draw")), dtype=float) - 127
        for sigma in (0.05, 0.1)
    ]
    assert np.abs(noise[1] - 2 * noise[0]).max() <= 1.5, "but for rounding"
    assert PixelNoise(0.05).seed_key == PixelNoise(0.1).seed_key
    assert noise[1].std() == pytest.approx(25.5, rel=0.15)


def test_more_is_more() -> None:
    gradient = Image.fromarray(np.tile(np.arange(0, 240, 5, dtype=np.uint8), (48, 1))).convert("RGB")
    compressed = [off(Jpeg(quality).apply(gradient, None, RNG), gradient) for quality in (95, 20, 10, 5)]
    noisy = [off(PixelNoise(s).apply(gradient, None, generator("draw")), gradient) for s in (0.1, 0.2, 0.4)]
    assert compressed == sorted(compressed) and noisy == sorted(noisy) and compressed[0] < compressed[-1]


@pytest.mark.parametrize("quality", [0, 96, -5])
def test_a_quality_must_be_one(quality: int) -> None:
    with pytest.raises(UsageError, match="give 1 to 95"):
        Jpeg(quality)


@pytest.mark.parametrize("sigma", [-0.1, 4.1, float("nan")])
def test_a_strength_must_be_one(sigma: float) -> None:
    with pytest.raises(UsageError, match="give 0 to 4"):
        PixelNoise(sigma)
