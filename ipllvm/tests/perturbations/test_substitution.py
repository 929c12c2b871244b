import numpy as np
from PIL import Image

from ipllvm.perturbations.substitution import Blank, Clean


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
