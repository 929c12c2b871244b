"""The pre-flight check: quiet on a sound set-up, one line with the option to set on a broken one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from ipllvm.engine.self_check import Difference, SelfCheck, check
from ipllvm.errors import NotMeasured
from ipllvm.models.base import Attention, VisionLanguageModel
from ipllvm.tests.engine.pictures import samples


def test_a_sound_model_passes(tiny: VisionLanguageModel) -> None:
    found = check(tiny, samples(12))
    assert found is not None
    found.require()
    assert found.samples == 8
    assert 0 <= found.batched.gap < 1e-3 and 0 <= found.eager.gap < 1e-3
    assert str(found).startswith("self-check on 8 samples: batched 0 flips")


def test_eager_attention_lasts_for_the_check_only(tiny: VisionLanguageModel) -> None:
    usual = tiny.info().attention
    with tiny.eager():
        assert tiny.info().attention == "eager"
    assert tiny.info().attention == usual != "eager"


def test_answers_that_depend_on_the_batch_are_a_fault(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = tiny.decoder

    def leaking(embeds: Tensor, **options: Any) -> tuple[Tensor, Any]:
        hidden, cache = original(embeds, **options)
        return hidden + (hidden.mean() + 3 if len(embeds) > 1 else 0) * torch.randn(hidden.shape[-1]), cache

    monkeypatch.setattr(tiny, "decoder", leaking)
    found = check(tiny, samples(8))
    assert found is not None
    with pytest.raises(NotMeasured, match="try --batch-size 1"):
        found.require()


def test_a_flip_that_is_no_tie_is_a_fault_and_a_tie_is_none() -> None:
    fine = Difference(0, 0, 1e-4)
    found = SelfCheck(8, "float32", 1.0, fine, fine)
    found.require()
    replace(found, eager=Difference(1, 1, 1e-3)).require()
    with pytest.raises(NotMeasured, match="try another release of torch"):
        replace(found, eager=Difference(1, 0, 1e-3)).require()
    with pytest.raises(NotMeasured, match="try --dtype float32"):
        replace(found, eager=Difference(1, 0, 1e-3), dtype="float16").require()
    with pytest.raises(NotMeasured, match="try --batch-size 1"):
        replace(found, batched=Difference(0, 0, float("nan"))).require()


def test_a_model_that_rounds_between_its_layers_is_as_coarse_as_bfloat16(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiny, "rounds", True)
    found = check(tiny, samples(2))
    assert found is not None and found.rounds
    coarse = replace(found, spread=1.0, batched=Difference(1, 1, 0.3))
    coarse.require()
    with pytest.raises(NotMeasured, match="more than numerics explain"):
        replace(coarse, rounds=False).require()
    with pytest.raises(NotMeasured, match="more than numerics explain"):
        replace(coarse, batched=Difference(1, 0, 0.3)).require()


def test_nothing_to_ask_is_no_check(tiny: VisionLanguageModel) -> None:
    broken: Sequence[Any] = [replace(s, prompt=f"<image> again, {s.id}") for s in samples(3)]
    assert check(tiny, broken) is None


def test_samples_that_all_fail_alike_are_the_checkpoints_fault(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaking(*asked: Any) -> Any:
        raise RuntimeError("the tower is broken")

    monkeypatch.setattr(tiny, "encode", breaking)
    with pytest.raises(NotMeasured, match="first 3 samples fail: RuntimeError: the tower is broken"):
        check(tiny, samples(3))


def test_no_more_are_asked_together_than_was_said(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, sizes = tiny.decoder, list[int]()

    def counting(embeds: Tensor, **options: Any) -> tuple[Tensor, Any]:
        sizes.append(len(embeds))
        return original(embeds, **options)

    monkeypatch.setattr(tiny, "decoder", counting)
    for size in (1, 3):
        found = check(tiny, samples(16)[::2], size)
        assert found is not None and max(sizes) == size
        found.require()


def test_what_does_not_fit_together_is_asked_in_parts(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = tiny.decoder

    def small(embeds: Tensor, **options: Any) -> tuple[Tensor, Any]:
        if len(embeds) > 2:
            raise torch.OutOfMemoryError("no memory, as arranged")
        return original(embeds, **options)

    monkeypatch.setattr(tiny, "decoder", small)
    found = check(tiny, samples(8))
    assert found is not None
    found.require()


def test_steps_that_depend_on_the_batch_are_a_fault(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a cache that counts its slots where it should count positions."""
    original = tiny.decoder

    def counting(embeds: Tensor, **options: Any) -> tuple[Tensor, Any]:
        if options.get("past_key_values") is not None:
            mask, positions = options["attention"].mask, options["attention"].positions
            slots = options["past_key_values"].get_seq_length()  # of the longest row
            options["attention"] = Attention(mask, positions=torch.full_like(positions, 7 * slots))
        return original(embeds, **options)

    monkeypatch.setattr(tiny, "decoder", counting)
    found = check(tiny, samples(8))
    assert found is not None
    assert found.batched.gap < 1e-3, "the first tokens are right"
    with pytest.raises(NotMeasured, match="try --batch-size 1"):
        found.require()


def test_a_model_that_says_nothing_is_not_measured(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = tiny.logits
    monkeypatch.setattr(tiny, "logits", lambda hidden: original(hidden) * float("nan"))
    with pytest.raises(NotMeasured, match="all of the first 3 samples fail: FloatingPointError"):
        check(tiny, samples(3))
