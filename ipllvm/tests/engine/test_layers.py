"""Entering at a decoder layer says exactly what whole forward passes say, one token at a time."""

import gc
import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from ipllvm.engine import batch_policy
from ipllvm.engine.layers import CleanPass
from ipllvm.engine.plan import Plan, PlannedTrial
from ipllvm.engine.run import Outcomes, run
from ipllvm.errors import UsageError
from ipllvm.models.base import Prepared, VisionLanguageModel
from ipllvm.perturbations.noise import LayerNoise
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import LayerPerturbation, Sample, Target, Trial
from ipllvm.tests.engine.pictures import samples

LIMIT = 5
ROWS = samples(5)
APART = samples(8)[::2]
"""No two about one picture."""


def _prompt(model: VisionLanguageModel, row: Sample) -> tuple[Prepared, Tensor]:
    """A sample's prompt, and what the decoder gets of it."""
    prepared = model.prepare([source.load() for source in row.images], row.prompt)
    (projected,) = model.projected([prepared])
    return prepared, model.embed(prepared, model.pack(projected, prepared))


def _by_hand(
    model: VisionLanguageModel, case: PlannedTrial, prepared: Prepared, prompt: Tensor
) -> tuple[int, ...]:
    """The answer by whole passes without cache, the input of the layer edited in each."""
    said: list[int] = []
    while len(said) < LIMIT and not (said and said[-1] in model.stop_tokens):
        embeds = torch.cat([prompt, model.embed_tokens(torch.tensor(said, dtype=torch.long))])
        edit = (case.perturbation.layer, _edit(case, prepared.visual, len(prompt)))  # type: ignore[attr-defined]
        hidden, _ = model.decoder(embeds[None], use_cache=False, edits=[edit])
        said.append(int(model.logits(hidden[0, -1]).argmax()))
    return tuple(said)


def _edit(case: PlannedTrial, visual: Tensor, prompt: int) -> Callable[[Tensor], Tensor]:
    noise = case.perturbation
    assert isinstance(noise, LayerPerturbation)

    def edit(hidden: Tensor) -> Tensor:
        places = {
            Target.ALL: torch.arange(hidden.shape[1] if noise.generated else prompt),
            Target.IMAGE: visual.nonzero()[:, 0],
            Target.TEXT: (~visual).nonzero()[:, 0],
        }[noise.target]
        changed = hidden.clone()
        changed[0, places] = noise.apply(hidden[0, places], None, case.rng())
        return changed

    return edit


NOISES = [
    LayerNoise(layer, "symmetric", 0.3, strength, target, generated)
    for layer in (0, 1)
    for strength, target, generated in (
        (0.5, Target.ALL, True),
        (0.5, Target.ALL, False),
        (2.0, Target.IMAGE, False),
        (0.2, Target.TEXT, False),
    )
]


PLAN = Plan(ROWS, (Clean(), *NOISES), 2, 0, LIMIT)


@pytest.fixture(scope="module")
@torch.inference_mode()
def by_hand(tiny: VisionLanguageModel) -> dict[Trial, tuple[int, ...]]:
    """What every trial of the plan is answered by whole passes."""
    prompts = {row.id: _prompt(tiny, row) for row in ROWS}
    return {
        case.trial: _by_hand(tiny, case, *prompts[case.sample.id])
        for noise in NOISES
        for case in PLAN.cases(ROWS, noise)
    }


@pytest.mark.parametrize("size", [1, 3, 5])
def test_trials_at_layers_are_whole_passes(
    tiny: VisionLanguageModel, by_hand: dict[Trial, tuple[int, ...]], size: int
) -> None:
    outcomes: Outcomes = {}
    run(tiny, PLAN, size, outcomes, lambda done: None)
    assert {trial: outcomes[trial].tokens for trial in by_hand} == by_hand
    cleans = {row.id: outcomes[PLAN.trial(row, Clean(), 0)] for row in ROWS}
    changed = sum(outcomes[trial] != cleans[trial.sample] for trial in by_hand)
    assert 0 < changed < len(PLAN) - len(ROWS)


def test_tables_that_threads_draw_are_the_same(
    tiny: VisionLanguageModel, by_hand: dict[Trial, tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_policy, "DRAWN_BY_THREADS", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    threads, drawn = set[str](), LayerNoise.table

    def watched(*args: Any) -> Any:
        threads.add(threading.current_thread().name)
        return drawn(*args)

    monkeypatch.setattr(LayerNoise, "table", watched)
    outcomes: Outcomes = {}
    run(tiny, PLAN, len(ROWS), outcomes, lambda done: None)
    assert all(name.startswith("tables") for name in threads), threads
    assert {trial: outcomes[trial].tokens for trial in by_hand} == by_hand


def test_strength_nought_changes_no_answer(tiny: VisionLanguageModel) -> None:
    still = LayerNoise(1, strength=0.0)
    plan = Plan(ROWS, (Clean(), still), 1, 0, LIMIT)
    outcomes: Outcomes = {}
    run(tiny, plan, 4, outcomes, lambda done: None)
    for row in ROWS:
        assert outcomes[plan.trial(row, still, 0)] == outcomes[plan.trial(row, Clean(), 0)]


def test_a_layer_that_the_model_lacks_is_refused(tiny: VisionLanguageModel) -> None:
    plan = Plan(ROWS[:2], (Clean(), LayerNoise(99)), 1, 0, LIMIT)
    with pytest.raises(UsageError, match="there is no layer 99"):
        run(tiny, plan, 2, {}, lambda done: None)


def _small(model: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Room for two rows above the layer; the batches that were tried, by size."""
    original, tried = model.decode_from_layer, list[int]()

    def small(layer: int, hidden: Tensor, *others: Any, **named: Any) -> Any:
        tried.append(len(hidden))
        if len(hidden) > 2:
            raise torch.OutOfMemoryError("no memory, as arranged")
        return original(layer, hidden, *others, **named)

    monkeypatch.setattr(model, "decode_from_layer", small)
    return tried


@pytest.mark.parametrize("count", [1, 4])
def test_out_of_memory_halves_the_trials_of_however_many_samples(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    noises = [LayerNoise(1, "symmetric", 0.3, strength / 10) for strength in range(10)]
    plan = Plan(APART[:count], (Clean(), *noises), 1, 0, LIMIT)
    expected: Outcomes = {}
    run(tiny, plan, 4, expected, lambda done: None)
    tried, found = _small(tiny, monkeypatch), Outcomes()
    run(tiny, plan, 4, found, lambda done: None)
    assert found == expected
    over = [size for size in tried if size > 2]
    assert len(over) == 2 and over == tried[:2], "once more without what earlier answers hold, then no more"


def test_a_trial_that_fails_costs_itself_alone(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    noises = [LayerNoise(1, "symmetric", 0.3, strength / 10) for strength in range(4)]
    original = LayerNoise.table

    def broken(self: LayerNoise, *others: Any) -> Any:
        if self == noises[2]:
            raise RuntimeError("a broken table")
        return original(self, *others)

    monkeypatch.setattr(LayerNoise, "table", broken)
    outcomes: Outcomes = {}
    run(tiny, Plan(ROWS[:3], (Clean(), *noises), 1, 0, LIMIT), 3, outcomes, lambda done: None)
    failed = [trial for trial, response in outcomes.items() if response.error]
    assert len(failed) == 3 and {trial.perturbation for trial in failed} == {str(noises[2])}


def test_an_interrupted_run_loses_fewer_answers_than_a_batch_beside_the_last_one(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    noises = [LayerNoise(layer, "symmetric", 0.3, s / 10) for layer in (0, 1) for s in range(6)]
    plan, outcomes = Plan(APART, (Clean(), *noises), 1, 0, LIMIT), Outcomes()
    original, calls = tiny.decode_from_layer, list[int]()

    def dies(*others: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == 10:
            raise KeyboardInterrupt
        return original(*others, **named)

    monkeypatch.setattr(tiny, "decode_from_layer", dies)
    with pytest.raises(KeyboardInterrupt):
        run(tiny, plan, 4, outcomes, lambda done: None)
    assert 4 + 8 * 4 < len(outcomes) <= 4 + 9 * 4


def test_one_clean_pass_is_in_memory_at_a_time(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, alive = tiny.layer_inputs, list[int]()

    def counted(*others: Any, **named: Any) -> Any:
        alive.append(sum(type(each) is CleanPass for each in gc.get_objects()))
        return original(*others, **named)

    monkeypatch.setattr(tiny, "layer_inputs", counted)
    run(tiny, Plan(APART, (Clean(), NOISES[0]), 1, 0, LIMIT), 1, {}, lambda done: None)
    assert alive == [0] * len(APART)
