"""Every way to an answer is the same answer: without drafts, prefixes, pools or shared rows, and anew."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.engine import batch_policy
from ipllvm.engine.decoding import Decoding, agreed, finite_logits, step_edits, worth_running
from ipllvm.engine.packing import PackedPrompt
from ipllvm.engine.plan import Plan
from ipllvm.engine.requirements import Outcomes
from ipllvm.engine.run import run
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.perturbations.noise import LayerNoise
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.selection import Keep
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Perturbation, Sample, Target
from ipllvm.speed import synthetic
from ipllvm.speed.ways import endless
from ipllvm.tests.engine.pictures import samples

CPU = torch.device("cpu")
KINDS: Sequence[Perturbation] = (
    Permutation(), Keep((1,), 2), LayerNoise(2, "keskar", 0.4),
    LayerNoise(1, "keskar", 0.4, target=Target.IMAGE),
)  # fmt: skip
PLAN = Plan(samples(2), (Clean(), *KINDS), 2, 0, 4)


@pytest.fixture(scope="module")
def model() -> TransformersModel:
    return synthetic.make("tiny", CPU, torch.float32)


def measured(model: TransformersModel, plan: Plan = PLAN, size: int = 4) -> Outcomes:
    outcomes: Outcomes = {}
    with endless(model, True):
        run(model, plan, size, outcomes, lambda done: None)
    assert not [response.error for response in outcomes.values() if response.error]
    return outcomes


@pytest.fixture(scope="module")
def usual(model: TransformersModel) -> Outcomes:
    found = measured(model)
    assert len({response.tokens for response in found.values()}) > 5, "answers that are all one test nothing"
    return found


@contextmanager
def otherwise(model: TransformersModel, **flags: bool) -> Iterator[None]:
    before = {name: getattr(model, name) for name in flags}
    try:
        for name, value in flags.items():
            setattr(model, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(model, name, value)


FLAGS: Sequence[dict[str, bool]] = (
    {"supports_prefix_cache": False, "verifies_drafts": False},
    {"forgets": True, "supports_prefix_cache": False},
)


@pytest.mark.parametrize("flags", FLAGS, ids=lambda flags: " ".join(flags))
def test_a_model_that_can_do_less_says_the_same(
    model: TransformersModel, usual: Outcomes, flags: dict[str, bool]
) -> None:
    """One whose cache knows no positions runs prompt and answer again, alone."""
    with otherwise(model, **flags):
        assert measured(model) == usual


@pytest.mark.parametrize("name", ["SHORT_ANSWER", "TRIALS_A_BEGINNING"])
def test_what_only_makes_it_faster_changes_no_answer(
    model: TransformersModel, usual: Outcomes, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_policy, name, 0)
    assert measured(model) == usual


@pytest.mark.parametrize("size", [1, 3])
def test_the_size_of_batches_changes_no_answer(model: TransformersModel, usual: Outcomes, size: int) -> None:
    assert measured(model, size=size) == usual


def test_the_order_of_samples_and_perturbations_changes_no_answer(
    model: TransformersModel, usual: Outcomes
) -> None:
    turned = replace(PLAN, samples=PLAN.samples[::-1], perturbations=(Clean(), *KINDS[::-1]))
    assert measured(model, turned) == usual


def test_parts_of_a_plan_say_what_the_whole_says(model: TransformersModel, usual: Outcomes) -> None:
    part = measured(model, replace(PLAN, perturbations=(Clean(), KINDS[2]), samples=PLAN.samples[1:2]))
    assert len(part) == 3 and part == {trial: usual[trial] for trial in part}


def test_a_run_that_was_stopped_goes_on_to_the_same(model: TransformersModel, usual: Outcomes) -> None:
    outcomes: Outcomes = dict(list(usual.items())[::2])
    told: list[int] = []
    with endless(model, True):
        run(model, PLAN, 3, outcomes, told.append)
    assert outcomes == usual and told[0] == len(usual) - len(usual) // 2 and told[-1] == len(PLAN)


def test_a_shorter_limit_is_the_beginning_of_the_longer_answer(
    model: TransformersModel, usual: Outcomes
) -> None:
    short = measured(model, replace(PLAN, max_new_tokens=2))
    assert all(short[trial].tokens == usual[trial].tokens[:2] for trial in usual)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 3), max_size=8), st.lists(st.integers(0, 3), max_size=8))
def test_tokens_agree_up_to_the_first_that_differs(guess: list[int], own: list[int]) -> None:
    own = [*own, *[9] * max(0, len(guess) + 1 - len(own))]
    count = agreed(guess, own)
    assert guess[:count] == own[:count]
    assert count == len(guess) or guess[count] != own[count]


def speaker(*, stops: Sequence[int] = (1,), verifies: bool = True) -> Any:
    return SimpleNamespace(stop_tokens=frozenset(stops), verifies_drafts=verifies)


@pytest.mark.parametrize(
    ("draft", "limit", "run"),
    [
        ((5, 6, 1), 9, (5, 6)), ((5, 6, 7), 3, (5, 6)), ((5, 6, 7), 4, (5, 6, 7)), ((1, 5), 9, ()),
        ((), 9, ()), ((5, 6), 1, ()), ((5, 1, 6), 9, (5,)),
    ],
)  # fmt: skip
def test_of_a_draft_what_nothing_comes_after_is_not_run(
    draft: tuple[int, ...], limit: int, run: tuple[int, ...]
) -> None:
    assert worth_running(speaker(), draft, limit) == run
    assert worth_running(speaker(verifies=False), draft, limit) == ()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 4), max_size=12), st.integers(1, 6), st.integers(1, 12))
def test_what_is_said_ends_at_the_limit_or_the_first_stop_however_it_comes(
    tokens: list[int], limit: int, step: int
) -> None:
    row = Decoding(PackedPrompt(torch.zeros(1, 1)), 0, 1)
    for start in range(0, len(tokens), step):
        if not row.ended:
            row.say(tokens[start : start + step], speaker(), limit)
    stop = tokens.index(1) + 1 if 1 in tokens else len(tokens)
    expected = tokens[: min(stop, limit)]
    assert row.tokens == expected
    assert row.ended is (len(expected) == limit or (1 in expected))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_head_that_says_nothing_is_an_error(bad: float) -> None:
    def head(value: float) -> Any:
        logits = torch.zeros(3, 4)
        logits[1] = value
        return SimpleNamespace(name="mine", dtype=torch.float16, logits=lambda hidden: logits)

    with pytest.raises(
        FloatingPointError, match=r"^mine gives logits that are not finite in torch\.float16$"
    ):
        finite_logits(head(bad), torch.zeros(3, 2))
    assert finite_logits(head(1.0), torch.zeros(3, 2)).shape == (3, 4)


def test_one_token_that_can_not_be_said_is_no_error() -> None:
    """Masked words are minus infinity in several models."""
    logits = torch.tensor([[0.0, -torch.inf, 2.0]])
    model: Any = SimpleNamespace(name="mine", dtype=torch.float32, logits=lambda hidden: logits)
    assert finite_logits(model, torch.zeros(1, 2)).argmax(-1).tolist() == [2]


def test_rows_of_a_step_are_perturbed_each_at_its_own_position() -> None:
    def row(length: int, edit: Any) -> Decoding:
        return Decoding(PackedPrompt(torch.zeros(1, 1)), 0, length, edit=edit)

    def adding(layer: int) -> Any:
        return layer, lambda hidden, at: hidden + at

    assert step_edits([row(3, None), row(4, None)]) == []
    found = step_edits([row(3, adding(2)), row(5, adding(2)), row(9, None), row(7, adding(1))])
    assert [layer for layer, _ in found] == [1, 2]
    changed = [shift(torch.zeros(4, 1, 1)).flatten().tolist() for _, shift in found]
    assert changed == [[0.0, 0.0, 0.0, 7.0], [3.0, 5.0, 0.0, 0.0]]


def test_without_samples_or_with_known_ones_no_model_is_asked(
    model: TransformersModel, usual: Outcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("the model was asked")

    monkeypatch.setattr(model, "decoder", never)
    assert measured(model, replace(PLAN, samples=())) == {}
    known, rows = dict(usual), list[Sample]()
    run(model, PLAN, 4, known, lambda done: rows.append(PLAN.samples[0]))
    assert known == usual and len(rows) == 1


def test_a_seed_draws_other_answers_of_what_is_random_alone(
    model: TransformersModel, usual: Outcomes
) -> None:
    other = measured(model, replace(PLAN, seed=1))
    one, two = (
        {
            name: [said.tokens for trial, said in found.items() if trial.perturbation == name]
            for name in PLAN.names
        }
        for found in (usual, other)
    )
    for kind in PLAN.perturbations:
        assert (one[str(kind)] == two[str(kind)]) is not kind.random, kind
    assert np.unique([trial.seed for trial in other]).tolist() == [0, 1]
