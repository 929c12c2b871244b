"""Prompts that begin alike are begun once, where that pays, and say what they would have said."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ipllvm.engine import batch_policy
from ipllvm.engine.packing import Packed
from ipllvm.engine.plan import Plan
from ipllvm.engine.prefix import Prefix, Prefixes
from ipllvm.engine.run import Outcomes, run
from ipllvm.models.base import Prepared, VisionLanguageModel
from ipllvm.models.loading import load
from ipllvm.perturbations.noise import GroupNoise
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.selection import Keep
from ipllvm.perturbations.substitution import Blank, Clean
from ipllvm.tests.engine.pictures import samples
from ipllvm.tests.tiny import make as make_any

PLAN = Plan(samples(6), (Clean(), Blank(), Permutation(), Keep((1,), 2), Keep((0, 3), 2)), 2, 0, 5)


def _measured(model: VisionLanguageModel, size: int, plan: Plan = PLAN) -> Outcomes:
    outcomes: Outcomes = {}
    run(model, plan, size, outcomes, lambda done: None)
    return outcomes


@pytest.mark.parametrize("size", [1, 4, 6])
def test_it_changes_no_answer(tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(batch_policy, "PREFIX_SHARE", 1.0)
    expected = _measured(tiny, size)
    monkeypatch.setattr(batch_policy, "PREFIX_SHARE", 0.0)
    begun: list[int] = []
    original = type(tiny).join_caches

    def counting(self: Any, rows: Sequence[Any], length: int) -> Any:
        begun.append(len(rows))
        return original(self, rows, length)

    original_embeds, rows = Packed.embeds, [0]

    def placed(self: Packed, model: VisionLanguageModel) -> Tensor:
        rows[0] += self.shape[0]
        return original_embeds(self, model)

    monkeypatch.setattr(type(tiny), "join_caches", counting)
    monkeypatch.setattr(Packed, "embeds", placed)
    assert _measured(tiny, size) == expected
    assert sum(begun) == rows[0], "every row is begun from the prefix"


@torch.inference_mode()
def test_it_is_used_where_it_is_much_of_the_prompt(tiny: VisionLanguageModel) -> None:
    prepared = [tiny.prepare([s.images[0].load()], s.prompt) for s in PLAN.samples[:2]]
    before = int(prepared[0].visual.nonzero()[0])
    assert before > 0
    ids = tuple(prepared[0].input_ids[:before].tolist())

    def found(positions: float, of: Sequence[Prepared] = prepared) -> Prefix | None:
        prompts: list[Tensor] = [torch.zeros(int(positions), 1)] * len(of)
        return prefixes.shared(of, prompts)

    prefixes = Prefixes(tiny)
    short = found(before / batch_policy.PREFIX_SHARE)
    assert short is not None and short.length == before
    assert found(before / batch_policy.PREFIX_SHARE + 1) is None
    assert found(before) is short, "it is run once"
    other = Prepared(prepared[0].input_ids + 1, prepared[0].visual, prepared[0].fields)
    assert found(before, [prepared[0], other]) is None, "they begin differently"
    words = Prepared(torch.tensor(ids), torch.zeros(before, dtype=torch.bool))
    assert found(before, [words]) is None, "words alone have no picture to begin before"


LATE = Plan(
    samples(6),
    (Clean(), *(GroupNoise(group, 2, "keskar", tenth / 10) for group in (0, 3) for tenth in range(5, 9))),
    1,
    0,
    5,
)


def test_trials_that_leave_the_beginning_of_a_picture_go_on_from_the_clean_one(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_policy, "PREFIX_SHARE", 0.01)
    monkeypatch.setattr(batch_policy, "BEGINNINGS_BYTES", 0)
    expected = _measured(tiny, 4, LATE)
    monkeypatch.setattr(batch_policy, "BEGINNINGS_BYTES", 2**30)
    original, lengths = type(tiny).join_caches, list[int]()

    def counting(self: Any, rows: Sequence[Any], length: int) -> Any:
        lengths.append(length)
        return original(self, rows, length)

    monkeypatch.setattr(type(tiny), "join_caches", counting)
    assert _measured(tiny, 4, LATE) == expected
    sample = LATE.samples[0]
    prepared = tiny.prepare([sample.images[0].load()], sample.prompt)
    before = int(prepared.visual.nonzero()[0])
    changed = sum(
        expected[LATE.trial(s, p, 0)] != expected[LATE.trial(s, Clean(), 0)]
        for s in LATE.samples
        for p in LATE.perturbations[1:]
    )
    assert changed > 5, "noise that changes nothing tests nothing"
    assert max(lengths) > before, "the last group stands behind half of the picture"


def test_a_picture_whose_tokens_see_each_other_is_not_begun_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gemma = load(str(make_any("gemma3", tmp_path)), device="cpu")
    monkeypatch.setattr(batch_policy, "PREFIX_SHARE", 0.0)
    plan = Plan(samples(17), (Clean(), GroupNoise(0, 1, "keskar", 0.0)), 8, 0, 5)
    monkeypatch.setattr(batch_policy, "BEGINNINGS_BYTES", 0)
    expected = _measured(gemma, 4, plan)
    monkeypatch.setattr(batch_policy, "BEGINNINGS_BYTES", 2**30)
    assert _measured(gemma, 4, plan) == expected


def test_a_model_without_caches_has_none() -> None:
    planted = load("planted:invariant", device="cpu")
    assert not planted.supports_prefix_cache
    with pytest.raises(NotImplementedError, match="can't go on from a cache"):
        planted.join_caches([None], 2)
