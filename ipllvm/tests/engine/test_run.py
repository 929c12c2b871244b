import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from ipllvm.engine.encoding import Pictures
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Outcomes, run
from ipllvm.models.base import EncodedPicture, Prepared, VisionLanguageModel
from ipllvm.perturbations.noise import LayerNoise
from ipllvm.perturbations.permutation import SCOPES, Permutation, Swaps
from ipllvm.perturbations.substitution import Blank, Clean
from ipllvm.records import Perturbation, Response, Sample, Trial
from ipllvm.tests.decoded import greedy
from ipllvm.tests.engine.pictures import samples

LIMIT = 5


def _measure(
    model: VisionLanguageModel, rows: tuple[Sample, ...], *perturbations: Perturbation, size: int = 4
) -> Outcomes:
    outcomes: Outcomes = {}
    run(model, Plan(rows, (Clean(), *perturbations), 2, 0, LIMIT), size, outcomes, lambda done: None)
    return outcomes


@pytest.mark.parametrize("scope", SCOPES)
def test_a_permuted_trial_is_the_whole_chain_run_by_hand(tiny: VisionLanguageModel, scope: str) -> None:
    rows, permutation = samples(6), Permutation(scope)
    outcomes = _measure(tiny, rows, permutation, Blank())
    plan = Plan(rows, (Clean(), permutation), 2, 0, LIMIT)
    for case in plan.cases(rows, permutation):
        image = case.sample.images[0].load()
        prepared = tiny.prepare([image], case.sample.prompt)
        with torch.inference_mode():
            tiles = tiny.projected([prepared])[0]
            if scope == "tile":
                tiles = permutation.apply(tiles, None, case.rng())
            visual = tiny.pack(tiles, prepared)
            if scope != "tile":
                visual = permutation.apply(visual, tiny.layout(prepared), case.rng())
            expected = greedy(tiny, [tiny.embed(prepared, visual)], LIMIT)[0]
        assert outcomes[case.trial].tokens == expected


def test_batch_size_and_order_change_no_answer(tiny: VisionLanguageModel) -> None:
    rows = samples(10)
    whole = _measure(tiny, rows, Blank(), Permutation(), size=10)
    single = _measure(tiny, rows[::-1], Blank(), Permutation(), size=3)
    assert whole == single
    assert len(whole) == 10 * (1 + 1 + 2)


def test_the_identity_changes_no_token(tiny: VisionLanguageModel) -> None:
    rows, same = samples(5), Swaps(((0, 3), (0, 3)))
    outcomes = _measure(tiny, rows, same)
    for row in rows:
        assert outcomes[Trial(row.id, str(same), 0)].tokens == outcomes[Trial(row.id, "clean", 0)].tokens


def test_permutation_can_change_an_answer(tiny: VisionLanguageModel) -> None:
    rows = samples(10)
    outcomes = _measure(tiny, rows, Permutation())
    changed = [
        outcomes[Trial(row.id, str(Permutation()), draw)].tokens != outcomes[Trial(row.id, "clean", 0)].tokens
        for row in rows
        for draw in (0, 1)
    ]
    assert any(changed), "a permutation that never reaches the decoder would pass every other test"


@pytest.mark.parametrize("size", [1, 3, 8])
def test_each_distinct_image_is_encoded_once(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    encoded: list[int] = []
    plain = type(tiny).encode

    def counting(self: VisionLanguageModel, batch: Sequence[Prepared]) -> list[EncodedPicture]:
        encoded.append(len(batch))
        return plain(self, batch)

    monkeypatch.setattr(type(tiny), "encode", counting)
    _measure(tiny, samples(8), Permutation(), size=size)
    assert sum(encoded) == 4, "8 questions on 4 pictures; permuted trials never run the tower again"


@dataclass(frozen=True, slots=True)
class Broken:
    """An image that can't be decoded."""

    def load(self) -> Image.Image:
        raise OSError("cannot identify image file 'x.png'")


def test_an_image_that_cannot_be_decoded_is_an_error_of_its_sample_alone(tiny: VisionLanguageModel) -> None:
    rows = samples(5)
    spoiled = (*rows[:2], replace(rows[2], images=(Broken(),)), *rows[3:])
    healthy, outcomes = _measure(tiny, rows, Permutation()), _measure(tiny, spoiled, Permutation())
    for trial, response in outcomes.items():
        if trial.sample == "s2":
            assert response.error is not None
            assert "cannot identify image file" in response.error
        else:
            assert response == healthy[trial]


def test_a_model_that_raises_on_one_sample_costs_that_sample(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = samples(6)
    plain, poison = type(tiny).embed, tiny.prepare([rows[4].images[0].load()], rows[4].prompt)

    def embed(self: VisionLanguageModel, prepared: Prepared, visual: Tensor) -> Tensor:
        same = (prepared.fields[name].equal(poison.fields[name]) for name in ("pixel_values",))
        if torch.equal(prepared.input_ids, poison.input_ids) and all(same):
            raise RuntimeError("the model trips")
        return plain(self, prepared, visual)

    monkeypatch.setattr(type(tiny), "embed", embed)
    outcomes = _measure(tiny, rows, Permutation())
    failed = {trial.sample for trial, response in outcomes.items() if response.error}
    assert failed == {"s4"}
    assert all("the model trips" in (r.error or "the model trips") for r in outcomes.values())


def test_an_interrupted_run_keeps_what_has_ended_and_goes_on_from_there(tiny: VisionLanguageModel) -> None:
    outcomes: dict[Trial, Response] = {}

    def stop(done: int) -> None:
        if done > 2:
            raise KeyboardInterrupt

    plan = Plan(samples(6), (Clean(), Permutation()), 2, 0, LIMIT)
    with pytest.raises(KeyboardInterrupt):
        run(tiny, plan, 2, outcomes, stop)
    assert 2 < len(outcomes) <= 2 + 2  # of a batch that was handed over one may wait for the next
    kept, told = dict(outcomes), list[int]()
    run(tiny, plan, 4, outcomes, told.append)
    assert outcomes == _measure(tiny, plan.samples, Permutation())
    assert told[0] == len(kept) and told[-1] == len(plan)


def test_nothing_is_computed_for_what_is_known(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = samples(6)
    outcomes = _measure(tiny, rows, Permutation(), Blank())
    for stage in ("prepare", "encode", "decoder"):
        monkeypatch.setattr(tiny, stage, None)
    run(tiny, Plan(rows, (Clean(), Permutation(), Blank()), 2, 0, LIMIT), 4, outcomes, lambda done: None)


def test_draws_differ_and_are_the_same_on_every_run(tiny: VisionLanguageModel) -> None:
    plan = Plan(samples(4), (Clean(), Permutation()), 2, 0, LIMIT)
    layout = tiny.layout(tiny.prepare([samples(1)[0].images[0].load()], "q"))
    cases = plan.cases(plan.samples, Permutation())
    orders = {case.trial: Permutation().order(layout, case.rng()).tobytes() for case in cases}
    again = {case.trial: Permutation().order(layout, case.rng()).tobytes() for case in cases}
    assert orders == again
    names = {(case.sample.cluster, case.trial.draw): orders[case.trial] for case in cases}
    assert len(set(names.values())) == 4, "of each picture, one for each draw"
    assert all(orders[case.trial] == names[case.sample.cluster, case.trial.draw] for case in cases)


EVERY_STAGE = (Permutation(), Blank(), LayerNoise(1, "symmetric", 0.3, 0.5))


@pytest.fixture(scope="module")
def expected(tiny: VisionLanguageModel) -> Outcomes:
    """What is answered where there is room."""
    return _measure(tiny, samples(6), *EVERY_STAGE)


@pytest.mark.parametrize(
    ("stage", "nth"),
    [("encode", 1), ("encode", 2), ("decoder", 1), ("decoder", 3), ("decoder", 5), ("decoder", 8),
     ("decode_from_layer", 1), ("decode_from_layer", 2)],
)  # fmt: skip
def test_out_of_memory_costs_no_answer(
    tiny: VisionLanguageModel, expected: Outcomes, monkeypatch: pytest.MonkeyPatch, stage: str, nth: int
) -> None:
    """The n-th call of a stage runs out of memory: its batch is halved and asked again."""
    original, calls = getattr(tiny, stage), list[int]()

    def failing(*arguments: object, **named: object) -> object:
        calls.append(1)
        if len(calls) == nth:
            raise torch.OutOfMemoryError("no memory, as arranged")
        return original(*arguments, **named)

    monkeypatch.setattr(tiny, stage, failing)
    found = _measure(tiny, samples(6), *EVERY_STAGE, size=6)
    assert found == expected
    assert not any(response.error for response in found.values())


def test_what_does_not_fit_is_tried_once(tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, original, failed = samples(24)[::2], tiny.decoder, list[int]()
    expected = _measure(tiny, rows, Permutation())

    def small(embeds: Tensor, **named: object) -> object:
        if len(embeds) > 2:
            failed.append(len(embeds))
            raise torch.OutOfMemoryError("no memory, as arranged")
        return original(embeds, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(tiny, "decoder", small)
    assert _measure(tiny, rows, Permutation(), size=8) == expected
    assert failed == [8, 4]


@pytest.mark.parametrize("limit", [LIMIT, 40])
def test_what_is_held_for_answers_before_makes_way_for_prompts(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """A GPU's keys and values of answers before may take the room that a prompt needs."""
    rows, original, made = samples(12)[::2], tiny.decoder, list["weakref.ref[Any]"]()
    expected, found = Outcomes(), Outcomes()
    plan = Plan(rows, (Clean(), Permutation()), 2, 0, limit)
    run(tiny, plan, 2, expected, lambda done: None)
    pooled = tiny.pooled_cache

    def cache() -> Any:
        made.append(weakref.ref(own := pooled()))
        return own

    def full(embeds: Tensor, **named: object) -> object:
        own = [each for ref in made if (each := ref()) is not None]
        prompt = not any(named.get("past_key_values") is each for each in own)
        if prompt and any(layer._held for each in own for layer in each.layers):
            raise torch.OutOfMemoryError("no memory, as arranged")
        return original(embeds, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(tiny, "pooled_cache", cache)
    monkeypatch.setattr(tiny, "decoder", full)
    run(tiny, plan, 2, found, lambda done: None)
    assert made and found == expected


def test_logits_that_are_no_numbers_are_no_answer(
    tiny: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = tiny.logits
    monkeypatch.setattr(tiny, "logits", lambda hidden: original(hidden) * float("nan"))
    for mode in ("generate", "likelihood"):
        outcomes: Outcomes = {}
        run(tiny, Plan(samples(2), (Clean(),), 1, 0, LIMIT, mode), 2, outcomes, lambda done: None)
        assert all("not finite" in (response.error or "") for response in outcomes.values())


def test_pictures_that_have_no_room_make_way_for_the_last_ones_used() -> None:
    pictures = Pictures(room=3 * 4)
    for key in "abc":
        pictures.keep(key, torch.zeros(1, 1, 1))
    assert pictures.get("a") is not None
    pictures.keep("d", torch.zeros(1, 1, 1))
    assert [key for key in "abcd" if pictures.get(key) is not None] == ["a", "c", "d"]
