"""What the pictures of a trial show, on a planted model: 8 x 8 tokens, 64 x 64 px."""

import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from ipllvm.artifacts import Artifacts
from ipllvm.benchmarks import planted
from ipllvm.engine.plan import Plan, PlannedTrial
from ipllvm.engine.visualization import SIDE, Depiction, data_uri, draw_trial
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.loading import load
from ipllvm.perturbations.base import FEWER, MOVED, NOISY, PICTURE
from ipllvm.perturbations.noise import GroupNoise, LayerNoise
from ipllvm.perturbations.occlusion import Drop, SalientDrop
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.selection import Keep
from ipllvm.perturbations.substitution import Blank
from ipllvm.records import Perturbation, Target

SAMPLE = planted.single(seed=0).samples[3]
IMAGE = SAMPLE.images[0].load()
GRID, CELL = 8, 8


class Corner:
    """The upper left corner is all that is salient."""

    identity = "corner"

    def of(self, image: Image.Image) -> np.ndarray:
        """A map of 2 x 2."""
        return np.array([[1.0, 0.0], [0.0, 0.0]])


@pytest.fixture(scope="module")
def model() -> VisionLanguageModel:
    """One that looks."""
    return load("planted:invariant")


def case(perturbation: Perturbation, draw: int = 0) -> PlannedTrial:
    plan = Plan((SAMPLE,), (perturbation,), draw + 1, 0, 4)
    return plan.cases([SAMPLE], perturbation)[draw]


def drawn(model: VisionLanguageModel, perturbation: Perturbation, draw: int = 0) -> Depiction:
    found = draw_trial(model, case(perturbation, draw), SIDE, Artifacts({"saliency": Corner()}))
    assert found is not None
    assert np.array_equal(np.array(found.clean), np.array(IMAGE))
    return found


def cells(image: Image.Image) -> np.ndarray:
    return np.array(image).reshape(GRID, CELL, GRID, CELL, 3).transpose(0, 2, 1, 3, 4).reshape(64, -1)


@pytest.mark.parametrize("scope", ["keep_newline", "tile"])
def test_a_patch_is_where_its_token_was_moved(model: VisionLanguageModel, scope: str) -> None:
    permutation = Permutation(scope)
    asked = case(permutation, 2)
    layout = model.layout(model.prepare([IMAGE], SAMPLE.prompt))
    order = asked.rng().permutation(64) if scope == "tile" else permutation.order(layout, asked.rng())
    found = drawn(model, permutation, 2)
    assert found.words == MOVED
    assert np.array_equal(cells(found.perturbed), cells(IMAGE)[order])
    other = drawn(model, permutation, 1)
    assert not np.array_equal(np.array(found.perturbed), np.array(other.perturbed)), "another draw"


def test_noise_is_seen_on_the_group_alone(model: VisionLanguageModel) -> None:
    found = drawn(model, GroupNoise(group=5, grid=4))
    changed = (cells(found.perturbed) != cells(IMAGE)).any(1).reshape(GRID, GRID)
    assert found.words == NOISY
    assert changed[2:4, 2:4].all() and changed.sum() == 4


@pytest.mark.parametrize("how", ["keep", "pool"])
def test_what_is_dropped_is_dark(model: VisionLanguageModel, how: str) -> None:
    found = drawn(model, Keep((0,), 4, how))
    kept, whole = cells(found.perturbed).reshape(GRID, GRID, -1), cells(IMAGE).reshape(GRID, GRID, -1)
    mean = whole[:2, :2].reshape(4, -1).mean(0)
    assert found.words == FEWER
    assert np.allclose(kept[:2, :2], whole[:2, :2] if how == "keep" else mean, atol=1)
    assert np.allclose(kept[2:], 0.2 * whole[2:].astype(float), atol=1)


def test_noise_on_layers_is_seen_where_it_is_on_the_picture(model: VisionLanguageModel) -> None:
    on_image, on_text = (drawn(model, LayerNoise(2, target=t)) for t in (Target.IMAGE, Target.TEXT))
    assert on_image.words.startswith(NOISY) and "layer 2" in on_image.words
    assert (cells(on_image.perturbed) != cells(IMAGE)).any(1).all()
    assert "words" in on_text.words and np.array_equal(np.array(on_text.perturbed), np.array(IMAGE))


@pytest.mark.parametrize("perturbation", [Blank(), Drop((0, 1), 4), SalientDrop(0.25, 2)])
def test_pictures_are_shown_as_given(model: VisionLanguageModel, perturbation: Perturbation) -> None:
    found = drawn(model, perturbation)
    black = Drop((0,), 2) if isinstance(perturbation, SalientDrop) else perturbation
    expected = black.apply(IMAGE, None, np.random.default_rng())
    assert found.words == PICTURE
    assert np.array_equal(np.array(found.perturbed), np.array(expected))


def test_a_large_picture_becomes_a_thumbnail() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    head, _, data = data_uri(Image.fromarray(noise)).partition(",")
    shown = Image.open(BytesIO(base64.b64decode(data)))
    assert head == "data:image/webp;base64" and shown.size == (SIDE, SIDE)


def test_a_sample_without_picture_has_none(model: VisionLanguageModel) -> None:
    from ipllvm.benchmarks import word_problems

    sample = word_problems.benchmark(seed=0).samples[0]
    asked = Plan((sample,), (Blank(),), 1, 0, 4).cases([sample], Blank())[0]
    assert draw_trial(model, asked, SIDE) is None
