"""Answers of several batches that go on together are those of plain `generate`, whatever is guessed."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ipllvm.engine import batch_policy, decoding
from ipllvm.engine import pool as pools
from ipllvm.engine.decoding import Decoding, begun, prefill
from ipllvm.engine.echo import Echo, trusted
from ipllvm.engine.fault_isolation import BatchBudget
from ipllvm.engine.packing import PackedPrompt, Tokens
from ipllvm.engine.plan import Plan
from ipllvm.engine.pool import Pool
from ipllvm.engine.run import run
from ipllvm.engine.streaming import Stream
from ipllvm.models.base import Edit
from ipllvm.models.loading import load
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.perturbations.noise import LayerNoise
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Response, Trial
from ipllvm.speed.ways import endless
from ipllvm.tests import checkpoints
from ipllvm.tests.decoded import greedy
from ipllvm.tests.engine.drafts import corrupted
from ipllvm.tests.engine.pictures import samples

LONG = 24


@pytest.fixture(autouse=True)
def pooled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers go on together however short they may be."""
    monkeypatch.setattr(batch_policy, "SHORT_ANSWER", 0)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TransformersModel:
    """A tiny random model."""
    folder = tmp_path_factory.mktemp("checkpoints") / checkpoints.FAMILIES[0]
    model = load(str(checkpoints.make(checkpoints.FAMILIES[0], folder)), device="cpu")
    assert isinstance(model, TransformersModel)
    return model


def test_answers_are_handed_over_as_they_end() -> None:
    class Ending(list[int]):
        """A pool whose answers end one after the other."""

        def drain(self, left: int) -> None:
            del self[left:]

    stream = Stream(load("planted:invariant", device="cpu"), LONG, BatchBudget(2))
    stream._pool = Ending([1, 2, 3])  # type: ignore[assignment]
    left = [len(stream._pool) for _ in stream.drained()]
    assert left == [2, 1, 0]


@torch.inference_mode()
def _prompts(model: TransformersModel, count: int) -> list[Tensor]:
    prepared = [model.prepare([s.images[0].load()], s.prompt) for s in samples(count)]
    tiles = model.projected(prepared)
    return [model.embed(p, model.pack(t, p)) for p, t in zip(prepared, tiles, strict=True)]


def _steps(model: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The columns of each call of the decoder from now on."""
    calls: list[int] = []
    plain = type(model).decoder

    def counting(self: Any, embeds: Tensor, *args: Any, **named: Any) -> Any:
        calls.append(embeds.shape[1])
        return plain(self, embeds, *args, **named)

    monkeypatch.setattr(type(model), "decoder", counting)
    return calls


@torch.inference_mode()
def test_rows_enter_as_others_end(tiny: TransformersModel) -> None:
    prompts = [PackedPrompt(embeds) for embeds in _prompts(tiny, 6)]
    expected = tiny.generate([prompt.embeds for prompt in prompts], LONG, stop=False)
    answers = []
    with endless(tiny, True):
        pool = Pool(tiny, LONG)
        for batch in (prompts[:1], prompts[1:4], prompts[4:]):
            run = prefill(tiny, batch)
            answers += begun(tiny, run, LONG)
            pool.enter(run, answers[-len(batch) :])
            pool._step()
        assert len(pool) == 6
        pool.drain(2)
        assert 0 < len(pool) <= 2
        pool.drain()
    assert [tuple(answer.tokens) for answer in answers] == expected


GUESSES: dict[str, Callable[[Tokens, np.random.Generator], Tokens]] = {
    "right": lambda rest, rng: rest,
    "wrong": lambda rest, rng: tuple((token + 1) % 60 for token in rest),
    "mixed": lambda rest, rng: corrupted(rest, rng) if rest else (),
}


@pytest.mark.parametrize("kind", GUESSES)
def test_planted_guesses_change_the_speed_only(
    tiny: TransformersModel, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts, rng = _prompts(tiny, 4), np.random.default_rng(0)
    expected = tiny.generate(prompts, LONG, stop=False)

    def planted(self: Echo, said: Sequence[int]) -> Tokens:
        whole = next(answer for answer in expected if answer[: len(said)] == tuple(said))
        return GUESSES[kind](whole[len(said) :][:8], rng)

    monkeypatch.setattr(Echo, "after", planted)
    calls = _steps(tiny, monkeypatch)
    with endless(tiny, True):
        assert greedy(tiny, prompts, LONG) == expected
    most = {"right": LONG // 2, "wrong": LONG, "mixed": LONG - 1}[kind]
    assert 2 < len(calls) <= most and max(calls[1:]) > 1


def test_an_answer_that_comes_back_to_its_draft_is_drafted_on(
    tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    (prompt,) = _prompts(tiny, 1)
    (expected,) = tiny.generate([prompt], LONG, stop=False)
    other = (expected[0] + 1) % 60
    draft = (*expected[:4], other, *expected[5:])
    with endless(tiny, True):
        calls = _steps(tiny, monkeypatch)
        assert greedy(tiny, [prompt], LONG, [draft]) == [expected]
    assert len(calls) < 12, "behind the difference there was a step for each token"


def _plan() -> Plan:
    noise = [LayerNoise(layer, "keskar", 0.3) for layer in (0, 1)]
    return Plan(samples(4), (Clean(), Permutation(), *noise), 2, 0, 8)


def _outcomes(model: TransformersModel, size: int) -> dict[Trial, Response]:
    found: dict[Trial, Response] = {}
    run(model, _plan(), size, found, lambda done: None)
    return found


def test_batches_share_steps_and_answer_as_alone(
    tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with endless(tiny, True):
        alone = _outcomes(tiny, 1)
        calls = _steps(tiny, monkeypatch)
        assert _outcomes(tiny, 2) == alone
        apart = len(calls)
        monkeypatch.setattr(Pool, "room", lambda self, least: least)
        assert _outcomes(tiny, 2) == alone
    assert apart < len(calls) - apart, "nothing was shared"
    assert all(len(response.tokens) == 8 for response in alone.values())


def test_short_answers_at_several_layers_share_steps(
    tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_policy, "SHORT_ANSWER", 32)
    layers: list[int] = []
    usual = decoding.step_edits

    def counting(rows: Sequence[Decoding]) -> list[Edit]:
        found = usual(rows)
        layers.append(len(found))
        return found

    monkeypatch.setattr(pools, "step_edits", counting)
    with endless(tiny, True):
        alone = _outcomes(tiny, 1)
        assert max(layers) == 1
        layers.clear()
        assert _outcomes(tiny, 3) == alone
        assert max(layers) == 2
        steps = len(layers)
        monkeypatch.setattr(Pool, "waiting", lambda self, most: 0)
        assert _outcomes(tiny, 3) == alone
    assert steps < len(layers) - steps


def test_what_fails_on_its_way_is_asked_again_and_costs_one_trial(
    tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with endless(tiny, True):
        expected = _outcomes(tiny, 4)
        victim = next(trial for trial in expected if trial.perturbation == str(Permutation()))
        start = expected[victim].tokens[:3]
        usual = decoding.likeliest
        assert sum(each.tokens[:3] == start for each in expected.values()) < len(expected)

        def failing(model: Any, hidden: Tensor) -> list[int]:
            found = usual(model, hidden)
            if any(tuple(row.answer.tokens[:3]) == start for pool in live for row in pool._rows):
                raise FloatingPointError("planted")
            return found

        live: list[Pool] = []
        usual_enter = Pool.enter

        def entering(self: Pool, *args: Any) -> None:
            live[:] = [self]
            usual_enter(self, *args)

        monkeypatch.setattr(Pool, "enter", entering)
        monkeypatch.setattr(pools, "likeliest", failing)
        found = _outcomes(tiny, 4)
    for trial, response in found.items():
        if expected[trial].tokens[:3] == start:
            assert response.error is not None and "planted" in response.error
        else:
            assert response == expected[trial]
    assert found[victim].error is not None


def test_trust_follows_what_was_right() -> None:
    assert trusted(0.4, 0, 0) == 0.4
    assert trusted(0.4, 0, 8) < 0.4 < trusted(0.4, 1, 8) < trusted(0.4, 8, 8) < 1
