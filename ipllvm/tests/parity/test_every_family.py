"""Every family says through the engine what plain `generate` with hooks says, token by token.

Four picture sizes and several questions about each: alone, in batches with shared rows where the decoder
can share, with visual tokens permuted, noise at two layers and tokens permuted behind the projector; drafts
that are right, half wrong and wrong; two pictures in a prompt where the family takes them.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch

from ipllvm.models.transformers_model import TransformersModel
from ipllvm.perturbations.noise import LayerNoise
from ipllvm.perturbations.permutation import Permutation
from ipllvm.records import Perturbation, Stage, Target
from ipllvm.registry import FAMILIES
from ipllvm.tests.tiny import KINDS, NEEDS
from ipllvm.tests.tiny.contract import SIZES, Both, samples, spoilt

FAST = ("llava-siglip-qwen3", "internvl", "qwen3_vl", "gemma4")
"""The rest is in the slow tier; decoders of LLaVA have a test of their own (models/test_decoder_kinds.py)."""
CHOSEN = [
    pytest.param(kind, marks=() if kind in FAST else pytest.mark.slow)
    for kind, made in KINDS.items()
    if made.family in FAMILIES and issubclass(FAMILIES.load(made.family), TransformersModel)
]
NOISE = LayerNoise(1, "symmetric", 0.5, 0.6, Target.IMAGE, generated=False)
ABOVE = LayerNoise(3, "symmetric", 0.5, 0.6, Target.ALL, generated=False)


pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
"""Some processors make arrays of tensors."""


@cache
def both(kind: str) -> Both:
    if any(find_spec(package) is None for package in NEEDS.get(kind, ())):
        pytest.skip(f"it needs {', '.join(NEEDS[kind])}")
    with TemporaryDirectory() as place:
        return Both.of(kind, Path(place) / kind)


def changed(kind: str, perturbations: list[Perturbation], size: int, questions: int = 2) -> int:
    return both(kind).require_equal(samples(questions), perturbations, size)


@pytest.mark.parametrize("kind", CHOSEN)
def test_one_by_one(kind: str) -> None:
    both(kind).require_equal(samples(1), [], size=1)


@pytest.mark.parametrize("kind", CHOSEN)
def test_in_batches_permuted_and_at_two_layers(kind: str) -> None:
    assert changed(kind, [Permutation(), NOISE, ABOVE], size=5) > 2


@pytest.mark.parametrize("kind", CHOSEN)
def test_tokens_permuted_behind_the_projector(kind: str) -> None:
    if Stage.PROJECTED in both(kind).model.stages:
        changed(kind, [Permutation("tile")], size=3, questions=1)


@pytest.mark.parametrize("kind", CHOSEN)
def test_drafts_change_no_answer(kind: str) -> None:
    found, rows = both(kind), samples(1)
    for right in (0, 3):
        drafts = [spoilt(answer, right) for answer in found.answers(rows)]
        found.require_equal(rows, [Permutation(), ABOVE], 4, drafts)


@pytest.mark.parametrize("kind", CHOSEN)
def test_two_pictures(kind: str) -> None:
    found = both(kind)
    assert isinstance(found.model, TransformersModel)
    rows = samples(2, SIZES[1:3], pictures=2)
    if not found.model.SEVERAL:
        with pytest.raises(ValueError, match="takes one image a sample, got 2"):
            found.model.prepare([source.load() for source in rows[0].images], rows[0].prompt)
        return
    found.require_equal(rows, [Permutation(), NOISE], size=3)


@pytest.mark.slow
def test_ovis_says_indicators_of_a_picture_as_words() -> None:
    model, plain = both("ovis2").model, both("ovis2").reference.model
    indicators = torch.tensor(plain.config.visual_indicator_token_ids)
    assert torch.equal(model.embed_answer(indicators), plain.get_input_embeddings()(indicators))
    assert not torch.equal(model.embed_tokens(indicators), model.embed_answer(indicators))
