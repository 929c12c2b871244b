"""Draft verification says what plain `generate` says, on five hundred prompts of a trained model."""

from collections.abc import Sequence
from itertools import takewhile

import numpy as np
import pytest
import torch
from torch import Tensor

from ipllvm.engine.encoding import encode_cases
from ipllvm.engine.fault_isolation import BatchBudget, Failure
from ipllvm.engine.packing import Tokens
from ipllvm.engine.plan import Plan
from ipllvm.models.loading import load
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.perturbations.substitution import Clean
from ipllvm.registry import BENCHMARKS
from ipllvm.speed.ways import endless
from ipllvm.tests.decoded import greedy
from ipllvm.tests.engine.drafts import corrupted

BATCH = 50
LIMIT = 6


@pytest.fixture(scope="module")
def model() -> TransformersModel:
    loaded = load("llava-tiny", device="cpu")
    assert isinstance(loaded, TransformersModel)
    return loaded


@torch.inference_mode()
def _prompts(model: TransformersModel, first: int, count: int) -> list[Tensor]:
    rows = BENCHMARKS.load("scenes")(seed=0).samples[first : first + count]
    seen = encode_cases(model, Plan(rows, (Clean(),), 1, 0, LIMIT).cases(rows, Clean()), BatchBudget(BATCH))
    return [each.embeds(model) for each in seen if not isinstance(each, Failure)]


@pytest.mark.parametrize(
    ("first", "count", "stop"),
    [
        (0, 100, True),
        (300, 50, False),
        pytest.param(0, 300, True, marks=pytest.mark.slow),
        pytest.param(300, 200, False, marks=pytest.mark.slow),
    ],
)
def test_mixed_drafts_end_as_generate_does(
    model: TransformersModel, first: int, count: int, stop: bool
) -> None:
    """Answers that end by themselves, and answers that go on to the limit."""
    prompts, rng = _prompts(model, first, count), np.random.default_rng(first)
    assert len(prompts) == count
    supports_shared_rows = []
    for start in range(0, count, BATCH):
        batch = prompts[start : start + BATCH]
        expected = model.generate(batch, LIMIT, stop=stop)
        drafts = [corrupted(answer, rng) for answer in expected]
        with endless(model, not stop):
            assert greedy(model, batch, LIMIT, drafts) == expected
        supports_shared_rows += [_agreement(*pair) for pair in zip(drafts, expected, strict=True)]
    assert {0.0, 1.0} < set(supports_shared_rows), "acceptance is mixed"
    assert 0.3 < float(np.mean(supports_shared_rows)) < 0.9


def _agreement(draft: Tokens, answer: Sequence[int]) -> float:
    same = takewhile(lambda pair: pair[0] == pair[1], zip(draft, answer, strict=False))
    return len(list(same)) / len(answer)
