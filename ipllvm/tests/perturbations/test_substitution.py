import numpy as np
from PIL import Image

from ipllvm.perturbations.substitution import Blank, Clean
from ipllvm.perturbations.synthetic import Instead


def test_blank_keeps_the_size_and_nothing_else() -> None:
    image = Image.effect_noise((31, 17), 80).convert("RGB")
    blank = Blank().apply(image, None, np.random.default_rng(0))
    assert blank.size == image.size
    assert blank.getcolors() == [(31 * 17, (127, 127, 127))]


def test_clean_is_the_image_itself() -> None:
    image = Image.new("RGB", (4, 4), (1, 2, 3))
    assert Clean().apply(image, None, np.random.default_rng(0)) is image


def test_names_are_canonical() -> None:
    assert str(Clean()) == "clean"
    assert str(Blank()) == "blank(level=127)"


def test_another_picture_is_the_same_in_every_draw() -> None:
    other = Instead(np.full((5, 7, 3), 9, np.uint8))
    image = Image.new("RGB", (31, 17))
    draws = [other.apply(image, None, np.random.default_rng(seed)) for seed in range(2)]
    assert draws[0].size == (7, 5) and draws[0].tobytes() == draws[1].tobytes() == b"\t" * 105
    assert not other.random, "one draw tells all"
