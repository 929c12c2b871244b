"""Samples without a picture: the engine says what plain `generate` says on the text alone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForImageTextToText

from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Outcomes, run
from ipllvm.models import loading, processors
from ipllvm.models.base import VisionLanguageModel
from ipllvm.perturbations.noise import LayerNoise
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Blank, Clean
from ipllvm.records import Perturbation, Sample, Trial
from ipllvm.tests.checkpoints import FAMILIES, make
from ipllvm.tests.engine.pictures import samples

LIMIT = 10
GREEDY: dict[str, Any] = {"do_sample": False, "num_beams": 1}


def _measure(model: VisionLanguageModel, rows: tuple[Sample, ...], *others: Perturbation) -> Outcomes:
    outcomes: Outcomes = {}
    run(model, Plan(rows, (Clean(), *others), 2, 0, LIMIT), 4, outcomes, lambda done: None)
    assert not any(response.error for response in outcomes.values())
    return outcomes


def _text_only(count: int) -> tuple[Sample, ...]:
    return tuple(replace(sample, images=()) for sample in samples(count))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_tokens_are_those_of_generate(family: str, tmp_path: Path) -> None:
    folder = make(family, tmp_path)
    auto: Any = AutoModelForImageTextToText
    reference = auto.from_pretrained(folder, dtype=torch.float32).eval()
    processor = processors.load(folder, family)
    rows = _text_only(5)
    found = _measure(loading.load(str(folder), device="cpu"), rows)
    answers = set()
    for row in rows:
        messages = [{"role": "user", "content": [{"type": "text", "text": row.prompt}]}]
        text = processor.apply_chat_template(messages, add_generation_prompt=True)
        inputs = processor(text=text, return_tensors="pt")
        with torch.inference_mode():
            out = reference.generate(**inputs, max_new_tokens=LIMIT, **GREEDY)
        expected = tuple(out[0, inputs["input_ids"].shape[1] :].tolist())
        assert found[Trial(row.id, "clean", 0)].tokens == expected
        answers.add(expected)
    assert len(answers) > 2, "else the parity would say nothing"


def test_pictures_and_texts_share_a_batch(tiny: VisionLanguageModel) -> None:
    mixed = (*samples(2), *(replace(sample, id=f"t-{sample.id}") for sample in _text_only(4)))
    together = _measure(tiny, mixed)
    alone = _measure(tiny, mixed[:2]) | _measure(tiny, mixed[2:])
    assert together == alone


def test_without_a_picture_nothing_of_it_can_be_perturbed(tiny: VisionLanguageModel) -> None:
    rows = _text_only(3)
    found = _measure(tiny, rows, Blank(), Permutation(), Permutation("tile"))
    clean = {row.id: found[Trial(row.id, "clean", 0)].tokens for row in rows}
    assert all(response.tokens == clean[trial.sample] for trial, response in found.items())


def test_states_can_be_perturbed(tiny: VisionLanguageModel) -> None:
    rows, noise = _text_only(4), LayerNoise(layer=0)
    found = _measure(tiny, rows, noise)
    assert len(found) == 4 * 3
    assert any(
        response.tokens != found[Trial(trial.sample, "clean", 0)].tokens for trial, response in found.items()
    )


def test_planted_models_guess_without_a_picture() -> None:
    model = loading.load("planted:invariant")
    found = _measure(model, _text_only(2), Blank())
    assert {response.text for response in found.values()} == {"A"}


def test_a_picture_in_words_is_refused(tiny: VisionLanguageModel) -> None:
    with pytest.raises(ValueError, match="must be 0 times"):
        tiny.prepare([], "an <image> in words")
