import numpy as np
import pytest
from PIL import Image

from ipllvm.benchmarks import easyvqa, formats, scenes


@pytest.mark.parametrize(
    ("shape", "size"), [("wide", (224, 112)), ("tall", (112, 224)), ("square", (112, 112))]
)
def test_a_scene_is_spread_and_its_objects_keep_their_size(shape: str, size: tuple[int, int]) -> None:
    drawn, _ = scenes.draw(0, "test", 3)
    spread = formats.spread(drawn, shape)
    image = spread.load()
    assert image.size == size
    assert spread.caption() == drawn.caption()
    ground = np.array(drawn.ground)
    inked = [int((np.asarray(s.load()) != ground).any(-1).sum()) for s in (drawn, spread)]
    assert inked[1] == pytest.approx(inked[0], rel=0.02)


def test_a_frame_is_of_the_corners_colour_and_holds_the_whole_picture() -> None:
    picture = Image.new("RGB", (4, 4), (9, 8, 7))
    picture.putpixel((2, 1), (200, 0, 0))
    for place, left in ((0.0, 0), (0.5, 2), (1.0, 4)):
        framed = formats.frame(picture, "wide", place)
        assert framed.size == (8, 4)
        assert framed.getpixel((left + 2, 1)) == (200, 0, 0)
        assert sorted(framed.getcolors() or []) == [(1, (200, 0, 0)), (31, (9, 8, 7))]
    assert formats.frame(picture, "tall", 1.0).size == (4, 8)
    assert formats.frame(picture, "square", 0.3) is picture


def test_framed_easyvqa_asks_what_easyvqa_asks() -> None:
    square, wide = easyvqa.short(), formats.wide_easyvqa()
    assert [s.id for s in wide.samples] == [s.id for s in square.samples]
    assert wide.digest != square.digest
    assert wide.digest == formats.wide_easyvqa().digest
    assert {s.images[0].load().size for s in wide.samples[:50]} == {(128, 64)}


def test_oblong_scenes_are_other_scenes_than_the_square_ones() -> None:
    square = {s.prompt + s.answer for s in scenes.short().samples[:40]}
    wide = {s.prompt + s.answer for s in formats.wide_scenes().samples[:40]}
    assert square != wide
