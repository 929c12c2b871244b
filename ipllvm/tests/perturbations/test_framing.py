"""Pictures in another size, on a wider canvas or oriented: laws over pictures of any size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ipllvm.errors import UnknownName, UsageError
from ipllvm.perturbations.framing import TURNS, Letterboxed, Oriented, Resized
from ipllvm.sampling import generator

RNG = generator("unused")


def picture(size: tuple[int, int]) -> Image.Image:
    """No pixel is like its neighbours."""
    width, height = size
    return Image.fromarray(generator("picture", *size).integers(0, 256, (height, width, 3)).astype(np.uint8))


PICTURES = st.tuples(st.integers(1, 24), st.integers(1, 24)).map(picture)


def after(image: Image.Image, *changes: Resized | Letterboxed | Oriented) -> Image.Image:
    for change in changes:
        image = change.apply(image, None, RNG)
    return image


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and one.tobytes() == other.tobytes()


@given(PICTURES)
def test_turns_take_each_other_back(image: Image.Image) -> None:
    mirrored, half, left, right = (Oriented(name) for name in TURNS[1:])
    for pair in ((mirrored, mirrored), (half, half), (left, right), (right, left)):
        assert same(after(image, *pair), image), pair
    assert same(after(image, left, left), after(image, half)), "two quarters are a half"
    assert same(after(image, Oriented("none")), image)


@given(PICTURES)
def test_a_mirror_changes_sides_and_not_up_and_down(image: Image.Image) -> None:
    pixels, mirrored = np.asarray(image), np.asarray(after(image, Oriented("mirrored")))
    assert (mirrored == pixels[:, ::-1]).all()
    assert (np.asarray(after(image, Oriented("quarter_left"))) == np.rot90(pixels)).all()


@given(PICTURES, st.floats(1 / 16, 16))
def test_a_canvas_is_around_the_whole_picture_and_black(image: Image.Image, aspect: float) -> None:
    framed = after(image, Letterboxed(aspect))
    left, top = (framed.width - image.width) // 2, (framed.height - image.height) // 2
    assert same(framed.crop((left, top, left + image.width, top + image.height)), image)
    assert np.asarray(framed, dtype=int).sum() == np.asarray(image, dtype=int).sum(), "black around it"
    assert image.width == framed.width or image.height == framed.height, "no larger than it must be"
    assert abs(framed.width - framed.height * aspect) <= max(1, aspect), "of that shape but for a pixel"
    shape = framed.width / framed.height
    if 1 / 16 <= shape <= 16:  # the picture itself may be longer than a canvas can be asked to be
        assert same(after(framed, Letterboxed(shape)), framed), "it has that shape"


@given(PICTURES, st.floats(0.01, 8))
def test_a_size_is_that_times_the_scale(image: Image.Image, scale: float) -> None:
    resized = after(image, Resized(scale))
    assert resized.size == tuple(max(1, round(side * scale)) for side in image.size)
    assert same(after(image, Resized(1.0)), image)


@pytest.mark.parametrize("scale", [0.0, -1.0, 8.1, float("nan")])
def test_a_size_must_be_one(scale: float) -> None:
    with pytest.raises(UsageError, match="give more than 0 and at most 8"):
        Resized(scale)


@pytest.mark.parametrize("aspect", [0.0, 17.0, float("nan")])
def test_an_aspect_must_be_one(aspect: float) -> None:
    with pytest.raises(UsageError, match=r"give 0\.0625 to 16"):
        Letterboxed(aspect)


def test_a_turn_must_be_known() -> None:
    with pytest.raises(UnknownName, match="did you mean 'mirrored'"):
        Oriented("miror")
