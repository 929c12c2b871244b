"""Checkpoints in their authors' format say what the authors' own code says."""

import pytest
import torch
from torch import Tensor

from ipllvm.models.transformers_model import TransformersModel
from ipllvm.tests.decoded import greedy
from ipllvm.tests.models.originals.vectors import NAMES, Case, cases, logits, model

CLOSE = 1e-5
FAMILIES = dict(zip(NAMES, ("llava", "llava_next", "llava_next", "llava_onevision"), strict=True))


@pytest.fixture(scope="module", params=NAMES)
def found(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[TransformersModel, list[Case]]:
    name: str = request.param
    loaded = model(name, tmp_path_factory.mktemp("originals"))
    assert loaded.info().family == FAMILIES[name]
    return loaded, list(cases(name))


def collapsed(ids: Tensor, placeholder: int) -> list[int]:
    """Ids as the authors' code has them: -200 once for a picture."""
    kept: list[int] = []
    for index in ids.tolist():
        if index != placeholder:
            kept.append(index)
        elif not kept or kept[-1] != -200:
            kept.append(-200)
    return kept


@torch.inference_mode()
def test_every_case(found: tuple[TransformersModel, list[Case]]) -> None:
    loaded, every = found
    assert every
    for case in every:
        question = case.question(loaded)
        prepared = loaded.prepare([case.picture], question)
        assert collapsed(prepared.input_ids, loaded.placeholder()) == case.made["input_ids"].tolist()
        assert prepared.tiles is not None
        assert torch.allclose(prepared.tiles.sum((2, 3)), case.made["pixel_sums"], rtol=1e-6, atol=1e-3)
        visual = loaded.pack(loaded.projected([prepared])[0], prepared)
        assert len(visual) == case.tokens == len(loaded.layout(prepared))
        assert torch.allclose(visual.sum(1), case.made["visual_tokens_sum"], atol=3 * CLOSE)
        said = logits(loaded, case.picture, question)
        assert said.shape[1] == len(case.made["logits"]), "no more words than the tokenizer has"
        assert torch.allclose(said[-1], case.made["logits"], rtol=0, atol=CLOSE)
        # a sum over some hundred words
        assert torch.allclose(said.sum(1), case.made["all_logits_sum"], rtol=0, atol=20 * CLOSE)


@torch.inference_mode()
def test_answers_are_those_of_the_authors_code_and_of_generate(
    found: tuple[TransformersModel, list[Case]],
) -> None:
    loaded, every = found
    embeds, expected = [], []
    for case in every:
        prepared = loaded.prepare([case.picture], case.question(loaded))
        embeds.append(loaded.embed(prepared, loaded.pack(loaded.projected([prepared])[0], prepared)))
        ends = [n for n, token in enumerate(case.greedy) if token in loaded.stop_tokens]
        expected.append(tuple(case.greedy[: ends[0] + 1] if ends else case.greedy))
    assert greedy(loaded, embeds, 12) == expected
    for case, answer in zip(every, expected, strict=True):
        assert loaded.pipeline_answer([case.picture], case.question(loaded), 12) == answer


def test_another_question_about_a_picture_is_worded_without_processing_it(
    found: tuple[TransformersModel, list[Case]],
) -> None:
    loaded, every = found
    prepared = loaded.prepare([every[0].picture], "What is it?")
    again = loaded.with_prompt(prepared, "How many are there?")
    assert again is not None
    anew = loaded.prepare([every[0].picture], "How many are there?")
    assert torch.equal(again.input_ids, anew.input_ids) and torch.equal(again.visual, anew.visual)
