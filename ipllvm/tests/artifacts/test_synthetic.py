import numpy as np
import pytest
from PIL import Image

from ipllvm.artifacts import Artifacts
from ipllvm.artifacts.renderer import Renderer, is_empty
from ipllvm.artifacts.synthetic import GENERATORS, Synthesis, generator, picture_key
from ipllvm.benchmarks import charts, scenes
from ipllvm.benchmarks.palette import COLORS
from ipllvm.errors import UnknownName, UsageError
from ipllvm.perturbations.synthetic import Synthetic


def _colors(picture: np.ndarray) -> set[str]:
    seen = {tuple(int(v) for v in pixel) for pixel in picture.reshape(-1, 3)}
    return {name for name, rgb in COLORS.items() if rgb in seen}


def test_a_scene_is_drawn_where_its_caption_says() -> None:
    for index in range(30):
        drawn, _ = scenes.draw(0, "test", index)
        picture = Renderer().draw(drawn.caption())
        assert picture.shape == (112, 112, 3)
        assert not is_empty(picture)
        assert _colors(picture) == {item.color for item in drawn.items}
        for item in drawn.items:
            y, x = (round((place + 0.5) * 112 / 3) for place in (item.row, item.column))
            assert tuple(picture[y, x]) == COLORS[item.color]


def test_a_chart_has_the_values_of_its_caption_in_place() -> None:
    drawn, _ = charts.draw(0, "test", 1)
    picture = Renderer().draw(drawn.caption())
    original = np.asarray(drawn.load())
    ink = (original != np.array(drawn.ground)).any(-1), (picture != np.array((240, 240, 240))).any(-1)
    assert (ink[0] == ink[1]).mean() > 0.999


@pytest.mark.parametrize(
    "text", ["a teal rectangle.", "It is a Red Circle, I think", "1 objects: a gray star."]
)
def test_a_single_object_stands_in_the_middle(text: str) -> None:
    picture = Renderer().draw(text)
    assert tuple(picture[56, 56]) in COLORS.values()
    assert tuple(picture[2, 2]) == (240, 240, 240)


@pytest.mark.parametrize("text", ["", "A man on a horse.", "a purple circle.", "chart", "\x00" * 9])
def test_other_texts_are_an_empty_ground(text: str) -> None:
    assert is_empty(Renderer().draw(text))


def test_every_generator_has_a_name_and_others_none() -> None:
    assert [generator(name).identity for name in GENERATORS[:1]] == ["renderer version 1"]
    with pytest.raises(UnknownName, match="did you mean 'renderer'"):
        generator("rendere")


def test_an_image_is_drawn_from_its_own_caption_and_kept() -> None:
    image = scenes.draw(0, "test", 0)[0].load()
    synthesis = Synthesis({picture_key(image): "a blue square."}, "somebody", Renderer())
    artifacts = Artifacts({}).along("synthetic", synthesis)
    found = artifacts.get("synthetic", image)
    assert np.array_equal(found, Renderer().draw("a blue square."))
    assert artifacts.identity("synthetic") == "renderer version 1, captions by somebody"
    shown = Synthetic(synthesis.identity).given(found).apply(image, None, np.random.default_rng())
    assert np.array_equal(np.asarray(shown), found)
    with pytest.raises(UsageError, match=r"^this picture has no caption$"):
        synthesis.of(Image.new("RGB", (3, 3)))
