from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ipllvm.engine.decoding import Tokens, greedy
from ipllvm.models.base import VisionLanguageModel
from ipllvm.tests.engine.pictures import samples

LIMIT = 6


def _prompts(model: VisionLanguageModel, count: int = 5) -> list[Tensor]:
    prepared = [model.prepare([s.images[0].load()], s.prompt) for s in samples(count)]
    with torch.inference_mode():
        tiles = model.project(model.encode(prepared))
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
        drafts = [_corrupted(answer, rng) for answer in answers]
        assert greedy(tiny, prompts, LIMIT, drafts) == answers


def _corrupted(answer: Tokens, rng: np.random.Generator) -> Tokens:
    """A draft that agrees for a while: cut, changed at one place, lengthened, or left alone."""
    kind, place = int(rng.integers(4)), int(rng.integers(len(answer)))
    changed = (*answer[:place], (answer[place] + 1) % 60, *answer[place + 1 :])
    return (answer[:place], changed, (*answer, 7, 8, 9), answer)[kind]


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
