"""Pictures are prepared once a draw for all their questions, and enough samples are in flight."""

from typing import Any

import pytest

from ipllvm.engine.decoding import prefill
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import run
from ipllvm.models.base import VisionLanguageModel
from ipllvm.perturbations.occlusion import RandomDrop
from ipllvm.perturbations.substitution import Clean
from ipllvm.tests.engine.test_packing import asked


def test_a_picture_is_prepared_once_a_draw_for_all_its_questions(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, calls = tiny.prepare, list[str]()

    def counting(images: Any, prompt: str) -> Any:
        calls.append(prompt)
        return original(images, prompt)

    monkeypatch.setattr(tiny, "prepare", counting)
    run(tiny, Plan(asked(3, 4), (Clean(), RandomDrop(0.5)), 2, 0, 3), 6, {}, lambda done: None)
    assert len(calls) == 3 + 3 * 2


def test_samples_that_share_rows_fill_a_batch(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def counting(model: Any, prompts: Any, prefix: Any) -> Any:
        sizes.append(len(prompts))
        return prefill(model, prompts, prefix)

    monkeypatch.setattr("ipllvm.engine.run.prefill", counting)
    run(tiny, Plan(asked(4, 4), (Clean(),), 1, 0, 3), 4, {}, lambda done: None)
    assert max(sizes) > 4 and len(sizes) < 4, "a batch of four has room for more than four questions"
