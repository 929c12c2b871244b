from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ipllvm.engine.packing import PackedPrompt, alone
from ipllvm.errors import UsageError
from ipllvm.models.base import VisionLanguageModel
from ipllvm.tests.decoded import greedy
from ipllvm.tests.engine.drafts import corrupted
from ipllvm.tests.engine.pictures import samples

LIMIT = 6


def _prompts(model: VisionLanguageModel, count: int = 5) -> list[Tensor]:
    prepared = [model.prepare([s.images[0].load()], s.prompt) for s in samples(count)]
    with torch.inference_mode():
        tiles = model.projected(prepared)
        return [model.embed(p, model.pack(t, p)) for p, t in zip(prepared, tiles, strict=True)]


def test_a_batch_answers_as_each_prompt_alone(tiny: VisionLanguageModel) -> None:
    prompts = _prompts(tiny)
    alone = [greedy(tiny, [prompt], LIMIT)[0] for prompt in prompts]
    assert greedy(tiny, prompts, LIMIT) == alone
    assert len(set(alone)) > 1, "prompts that all get one answer test nothing"


def test_drafts_change_the_speed_only(tiny: VisionLanguageModel) -> None:
    prompts = _prompts(tiny)
    answers = greedy(tiny, prompts, LIMIT)
    rng = np.random.default_rng(0)
    for _ in range(20):
        drafts = [corrupted(answer, rng) for answer in answers]
        assert greedy(tiny, prompts, LIMIT, drafts) == answers


@torch.inference_mode()
def test_the_last_layer_works_where_it_is_wanted_and_its_cache_is_whole(tiny: VisionLanguageModel) -> None:
    prompts = _prompts(tiny)
    drafts = [(5, 6)[: row % 3] for row in range(len(prompts))]
    packed = alone([PackedPrompt(prompt, draft) for prompt, draft in zip(prompts, drafts, strict=True)])
    padded, wanted = packed.embeds(tiny), packed.speaking(tiny.device)
    assert len(wanted[0]) == len(prompts) + sum(map(len, drafts))
    whole, cache = tiny.decoder(padded)
    spared, kept = tiny.decoder(padded, wanted=wanted)
    assert torch.allclose(spared[wanted], whole[wanted], atol=1e-5)
    assert not torch.allclose(spared, whole), "nothing was spared"
    for held, other in zip(kept.layers, cache.layers, strict=True):
        assert torch.equal(held.keys, other.keys) and torch.equal(held.values, other.values)
    assert torch.equal(tiny.decoder(padded)[0], whole), "the model was changed"


def test_an_answer_ends_at_its_stop_token_or_at_the_limit(tiny: VisionLanguageModel) -> None:
    for answer in greedy(tiny, _prompts(tiny), LIMIT):
        stops = [token in tiny.stop_tokens for token in answer]
        assert 1 <= len(answer) <= LIMIT
        assert not any(stops[:-1])
        assert stops[-1] or len(answer) == LIMIT


def test_an_accepted_draft_costs_one_forward(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = _prompts(tiny)
    answers = greedy(tiny, prompts, LIMIT)
    calls: list[int] = []
    plain = type(tiny).decoder

    def counting(self: VisionLanguageModel, *args: Any, **named: Any) -> Any:
        calls.append(1)
        return plain(self, *args, **named)

    monkeypatch.setattr(type(tiny), "decoder", counting)
    assert greedy(tiny, prompts, LIMIT, answers) == answers
    assert len(calls) == 1


def test_chunks_that_are_full_are_refused(tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    prompts = _prompts(tiny)
    longest = max(len(prompt) for prompt in prompts)
    monkeypatch.setattr(tiny._decoder.config, "attention_chunk_size", longest - 1, raising=False)
    with pytest.raises(UsageError, match=f"beyond {longest - 1} positions and was given {longest}"):
        greedy(tiny, prompts, LIMIT)
    with pytest.raises(UsageError, match="prompts and answers together must be shorter"):
        tiny.decode_from_layer(1, torch.zeros(1, longest, prompts[0].shape[1]))
