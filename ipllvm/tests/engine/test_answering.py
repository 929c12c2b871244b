"""Options by likelihood: the best first token in the pass that a greedy answer starts with."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from ipllvm.engine.answering import likeliest, options
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Outcomes, run
from ipllvm.errors import UsageError
from ipllvm.models.base import VisionLanguageModel
from ipllvm.perturbations.noise import LayerNoise
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Sample
from ipllvm.tests.engine.pictures import samples

CHANGES: list[dict[str, Any]] = [
    {"answer": "B", "choices": ("red", "blue", "green")},
    {"answer": "Yes"},
    {"answer": "4"},
]
ROWS = tuple(replace(row, **changes) for row, changes in zip(samples(6), CHANGES * 2, strict=True))


def test_what_can_be_chosen_from() -> None:
    assert [options(row) for row in ROWS[:3]] == [("A", "B", "C"), ("yes", "no"), ()]


def test_options_are_scored_in_every_stage(tiny: VisionLanguageModel) -> None:
    noise = LayerNoise(1, "symmetric", 0.3, 0.5)
    plan = Plan(ROWS, (Clean(), Permutation(), noise), 2, 0, 5, "likelihood")
    outcomes: Outcomes = {}
    run(tiny, plan, 4, outcomes, lambda done: None)
    greedy: Outcomes = {}
    run(tiny, replace(plan, answer="generate"), 3, greedy, lambda done: None)
    for trial, response in outcomes.items():
        sample = next(row for row in ROWS if row.id == trial.sample)
        assert response.error is None
        if not options(sample):
            assert response == greedy[trial]
            continue
        assert len(response.options) == len(options(sample))
        best = max(range(len(response.options)), key=response.options.__getitem__)
        assert response.text == options(sample)[best]
        assert all(score < 0 for score in response.options)


def test_no_draft_is_run_where_options_are_asked_for(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ipllvm.engine.run.worth_running", lambda *_: pytest.fail("a draft for nothing"))
    asked = tuple(row for row in ROWS if options(row))
    run(tiny, Plan(asked, (Clean(), Permutation()), 1, 0, 5, "likelihood"), 2, {}, lambda done: None)


@torch.inference_mode()
def test_scores_are_those_of_a_plain_pass(tiny: VisionLanguageModel) -> None:
    outcomes: Outcomes = {}
    plan = Plan(ROWS[:1], (Clean(),), 1, 0, 5, "likelihood")
    run(tiny, plan, 1, outcomes, lambda done: None)
    sample: Sample = ROWS[0]
    prepared = tiny.prepare([sample.images[0].load()], sample.prompt)
    visual = tiny.pack(tiny.projected([prepared])[0], prepared)
    hidden, _ = tiny.decoder(tiny.embed(prepared, visual)[None])
    logits = tiny.logits(hidden[0, -1]).log_softmax(-1)
    (response,) = outcomes.values()
    assert response.options == pytest.approx(likeliest(tiny, logits, ("A", "B", "C")).options, abs=1e-4)


def test_options_that_begin_alike_are_refused(tiny: VisionLanguageModel) -> None:
    with pytest.raises(UsageError, match="use --answer generate"):
        likeliest(tiny, torch.zeros(9), ("same", "same"))
