"""Prompts that share a row say what they say alone, and see nothing of each other."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
import torch

from ipllvm.engine import batch_policy
from ipllvm.engine.decoding import prefill
from ipllvm.engine.encoding import encode_cases
from ipllvm.engine.fault_isolation import BatchBudget, Failure
from ipllvm.engine.packing import Packed, PackedPrompt, Slot, alone, pack
from ipllvm.engine.plan import Plan
from ipllvm.engine.pool import verified
from ipllvm.engine.prefix import Prefixes
from ipllvm.engine.run import Outcomes, run
from ipllvm.models import attending
from ipllvm.models.base import CAUSAL, VisionLanguageModel
from ipllvm.perturbations.noise import GroupNoise, LayerNoise
from ipllvm.perturbations.occlusion import RandomDrop
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.selection import Keep
from ipllvm.perturbations.substitution import Blank, Clean
from ipllvm.records import Sample, Target
from ipllvm.speed.products import Products
from ipllvm.tests.engine.pictures import QUESTIONS, SHAPES, Noise

LIMIT = 5


def asked(pictures: int, questions: int) -> tuple[Sample, ...]:
    """So many questions about each of some pictures of several shapes."""
    return tuple(
        Sample(f"s{p}-{q}", f"c{p}", (Noise(p, SHAPES[p % 5]),), QUESTIONS[q % 5] + "?" * (q // 5), "red")
        for p in range(pictures)
        for q in range(questions)
    )


def _prompts(model: VisionLanguageModel, rows: Sequence[Sample]) -> list[PackedPrompt]:
    seen = encode_cases(model, Plan(tuple(rows), (Clean(),), 1, 0, 1).cases(rows, Clean()), BatchBudget(8))
    found = [each for each in seen if not isinstance(each, Failure)]
    assert len(found) == len(rows)
    return [each.prompt(model, each.picture) for each in found]


@torch.inference_mode()
def test_each_says_in_a_row_with_others_what_it_says_alone(tiny: VisionLanguageModel) -> None:
    rows = asked(3, 6)
    prompts = _prompts(tiny, rows)
    said = [verified(tiny, prefill(tiny, [prompt]), LIMIT)[0] for prompt in prompts]
    assert len(set(said)) > 3
    drafts = [answer[: n % 4] + (7,) * (n % 2) for n, answer in enumerate(said)]
    drafted = [replace(prompt, guess=draft[:LIMIT]) for prompt, draft in zip(prompts, drafts, strict=True)]
    assert pack(tiny, drafted).masked
    assert verified(tiny, prefill(tiny, drafted), LIMIT) == said
    some = verified(tiny, prefill(tiny, drafted), LIMIT, wanted=[1, 7, 17])
    assert [n for n, answer in enumerate(some) if answer] == [1, 7, 17]
    assert [some[n] for n in (1, 7, 17)] == [said[n] for n in (1, 7, 17)]


@torch.inference_mode()
def test_from_behind_the_words_before_the_picture_too(tiny: VisionLanguageModel) -> None:
    rows = asked(2, 3)
    seen = encode_cases(tiny, Plan(rows, (Clean(),), 1, 0, 1).cases(rows, Clean()), BatchBudget(8))
    prepared = [each.prepared for each in seen if not isinstance(each, Failure)]
    prompts = _prompts(tiny, rows)
    prefix = Prefixes(tiny).shared(prepared, [range(1)])
    assert prefix is not None and prefix.length > 0
    apart = prefill(tiny, prompts)
    together = prefill(tiny, prompts, prefix)
    assert together.packed.skipped == prefix.length
    assert torch.allclose(apart.spoken, together.spoken, atol=1e-4)
    assert verified(tiny, together, LIMIT) == verified(tiny, apart, LIMIT)


@torch.inference_mode()
def test_attention_leaves_out_what_nobody_reads(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts, products = _prompts(tiny, asked(2, 6)), (Products(), Products())
    monkeypatch.setattr(attending, "SPLIT_FROM", 1)
    with products[0].recorded([]):
        narrow = prefill(tiny, prompts)
    monkeypatch.setattr(attending, "narrowed", lambda *_: nullcontext())
    with products[1].recorded([]):
        whole = prefill(tiny, prompts)
    assert torch.allclose(narrow.spoken, whole.spoken, atol=1e-4)
    fewer, all_of_them = (
        sum(count * pairs * queries * keys for (pairs, queries, keys, _), count in each.attention.items())
        for each in products
    )
    assert fewer < 0.8 * all_of_them or not all_of_them, "eager attention is the model's own"


PERTURBATIONS = (
    Clean(),
    Blank(),
    RandomDrop(0.5),
    Permutation(),
    Permutation("tile"),
    Keep((1,), 2),
    GroupNoise(0, 2, "symmetric", 0.3),
    LayerNoise(1, "symmetric", 0.3, 0.5),
    LayerNoise(0, "symmetric", 0.3, 2.0, Target.IMAGE),
    LayerNoise(1, "symmetric", 0.3, 0.3, Target.TEXT),
)


PLAN = Plan(asked(2, 4), PERTURBATIONS, 2, 0, LIMIT)


@pytest.fixture(scope="module")
def expected(tiny: VisionLanguageModel) -> Outcomes:
    """What is answered to one prompt at a time."""
    found = Outcomes()
    run(tiny, PLAN, 1, found, lambda done: None)
    return found


@pytest.mark.parametrize("size", [2, 5, 16])
def test_a_run_answers_as_one_prompt_at_a_time(
    tiny: VisionLanguageModel, expected: Outcomes, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    found, together = Outcomes(), list[bool]()
    attention = Packed.attention

    def counting(self: Packed, model: VisionLanguageModel) -> Any:
        together.append(self.masked)
        return attention(self, model)

    monkeypatch.setattr(batch_policy, "SAVED_BY_SHARING", 0.0)
    monkeypatch.setattr(Packed, "attention", counting)
    run(tiny, PLAN, size, found, lambda done: None)
    assert found == expected
    assert any(together)
    changed = sum(
        found[trial].tokens != found[PLAN.trial(s, Clean(), 0)].tokens
        for s in PLAN.samples
        for trial in found
        if trial.sample == s.id
    )
    assert changed > 20, "perturbations that change nothing test nothing"


def _bare(*lengths: int, shared: int = 0, opening: str = "o") -> list[PackedPrompt]:
    return [PackedPrompt(torch.zeros(length, 1), (), opening, shared) for length in lengths]


def test_rows_are_shared_where_that_saves_enough(tiny: VisionLanguageModel) -> None:
    assert not pack(tiny, _bare(10, 10, shared=0)).masked
    assert not pack(tiny, [*_bare(10, opening="a"), *_bare(10, opening="b")]).masked
    assert not pack(tiny, [PackedPrompt(torch.zeros(10, 1)), PackedPrompt(torch.zeros(10, 1))]).masked
    packed = pack(tiny, _bare(10, 12, 9, shared=8))
    assert packed.shape == (1, 8 + 2 + 4 + 1)
    assert packed.places == [Slot(0, 8, 8), Slot(0, 8, 10), Slot(0, 8, 14)]
    few = int(100 * batch_policy.SAVED_BY_SHARING)
    assert not pack(tiny, _bare(100, 100, shared=2 * few - 1)).masked
    assert pack(tiny, _bare(100, 100, shared=2 * few + 1)).masked
    assert pack(tiny, _bare(100, 100, shared=4), skipped=2).masked, "behind a prefix there is a mask anyway"


def test_prompts_in_rows_of_their_own_need_no_mask(tiny: VisionLanguageModel) -> None:
    apart = [*_bare(10, opening="a", shared=4), *_bare(11, opening="b", shared=4)]
    assert not pack(tiny, apart, skipped=2).masked


@torch.inference_mode()
def test_what_goes_on_holds_one_cache_of_its_own_slots(tiny: VisionLanguageModel) -> None:
    prefilled = prefill(tiny, _prompts(tiny, asked(2, 3)))
    (cache,) = (cell for cell in prefilled.cache.args if hasattr(cell, "layers"))  # type: ignore[attr-defined]
    slots, _ = prefilled.packed.slots([1, 4], [7, 5])
    held = tiny.pooled_cache()
    held.enter(0, prefilled.cache(torch.tensor([0, 1]), slots), [7, 5], 7)
    assert [layer._held[0].shape[::2] for layer in held.layers] == [(2, 7)] * tiny.layers()
    assert not cache.layers


def test_no_column_stands_beyond_the_end_of_every_prompt(tiny: VisionLanguageModel) -> None:
    """Nobody's columns would turn the positions of all, where rotary embeddings hang on the last one."""
    packed = Packed(_bare(10, 10, 10, shared=4), [Slot(0, 4, 4), Slot(0, 4, 10), Slot(1, 10, 10)])
    positions = packed.attention(tiny).positions
    assert packed.shape == (2, 16) and positions is not None
    assert int(positions.max()) == 9


def test_a_row_does_not_grow_beyond_twice_a_prompt(tiny: VisionLanguageModel) -> None:
    packed = pack(tiny, _bare(*[10] * 30, shared=8))
    assert packed.shape == (5, 20)
    assert [place.row for place in packed.places] == [n // 6 for n in range(30)]
    assert packed.places[6] == Slot(1, 8, 8), "a new row begins anew"


def test_columns_positions_and_what_is_hidden(tiny: VisionLanguageModel) -> None:
    packed = Packed(_bare(4, 5, shared=3), [Slot(0, 2, 2), Slot(0, 2, 3)], skipped=1)
    assert packed.shape == (1, 5)
    assert packed.column(0, torch.arange(1, 4)).tolist() == [0, 1, 2]
    assert packed.column(1, torch.arange(1, 5)).tolist() == [0, 1, 3, 4]
    attention = packed.attention(tiny)
    mask, positions = attention.mask, attention.positions
    assert mask is not None and positions is not None
    assert positions.tolist() == [[[1, 2, 3, 3, 4]]]
    assert (mask[0, 0] == 0).int().tolist() == [
        [1, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 0, 0],
        [1, 1, 1, 0, 1, 0],
        [1, 1, 1, 0, 1, 1],
    ]
    slots, meant = packed.slots([0, 1], [4, 5])
    assert slots.tolist() == [[0, 1, 2, 3, 4], [0, 1, 2, 4, 5]]
    assert meant.int().tolist() == [[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]
    assert alone(_bare(4, 5)).attention(tiny) is CAUSAL
