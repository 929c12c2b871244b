"""A perturbation from what it prints: the same again, and what nothing has printed is refused at once."""

import time

import pytest

from ipllvm.errors import UnknownName, UsageError
from ipllvm.perturbations.noise import LayerNoise
from ipllvm.perturbations.occlusion import SalientDrop
from ipllvm.perturbations.parsing import parse
from ipllvm.perturbations.synthetic import Synthetic
from ipllvm.records import Perturbation, Target


@pytest.mark.parametrize(
    "made",
    [
        LayerNoise(3, "keskar", 0.25, 0.5, Target.TEXT),
        SalientDrop(0.5, lowest=True, budget="mass", provider="clip-tiny@0123 head 2"),
        Synthetic("renderer 1, captions by llava-tiny 0123"),
    ],
)
def test_what_is_printed_comes_back(made: Perturbation) -> None:
    assert parse(str(made)) == made


@pytest.mark.parametrize(
    "text",
    [
        "layer_noise",
        "layer_noise()",
        "layer_noise(layer=1)",
        "layer_noise(layer=1, kind=paper, amplitude=0.5, strength=1.0, target=all, generated=perhaps)",
        "layer_noise(layer=one, kind=paper, amplitude=0.5, strength=1.0, target=all, generated=True)",
        "layer_noise(kind=paper, layer=1, amplitude=0.5, strength=1.0, target=all, generated=True)",
        "layer_noise(x, layer=1, kind=paper, amplitude=0.5, strength=1.0, target=all, generated=True)",
        "layer_noise(layer=1, kind=paper, amplitude=0.5, strength=1.0, target=all, generated=True",
        f"drop(cells={'1' * 5000}, grid=2)",
        "clean()",
        "clean(level=1)",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


def test_an_unknown_name_has_the_closest_one() -> None:
    with pytest.raises(UnknownName, match="did you mean 'permutation'"):
        parse("permutatoin(scope=all)")


def test_a_text_that_repeats_its_marks_is_refused_in_one_pass() -> None:
    """By a pattern with a gap for each value this takes longer than anybody waits."""
    text = "layer_noise(layer=" + ", kind=, amplitude=, strength=, target=, generated=" * 2_000
    began = time.process_time()
    with pytest.raises(UsageError) as raised:
        parse(text)
    assert time.process_time() - began < 1
    assert len(str(raised.value)) < 700
