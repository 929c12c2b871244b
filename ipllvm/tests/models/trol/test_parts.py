"""The parts that TroL and Meteor put into transformers' classes, each against a law of its own."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from ipllvm.errors import ModelUnavailable
from ipllvm.models.trol.meteor import Rationale
from ipllvm.models.trol.partial_lora import GIVEN, ImagePositions, PartialLora, attach
from ipllvm.models.trol.traversal import Traversal, require_gates, traverse


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def part(rank: int = 2) -> tuple[PartialLora, ImagePositions]:
    """A layer from 4 to 3 with a low-rank part."""
    layer, where = nn.Linear(4, 3), ImagePositions()
    nn.init.constant_(layer.weight, 0.5)
    return PartialLora(layer, random(rank, 4), random(3, rank, seed=1), where), where


@torch.inference_mode()
def test_without_a_picture_the_layer_is_as_it_was() -> None:
    made, where = part()
    rows = random(2, 5, 4)
    assert torch.equal(made(rows), made.linear(rows))
    where.mask = torch.zeros(2, 5, dtype=torch.bool)
    assert torch.equal(made(rows), made.linear(rows))


@torch.inference_mode()
@settings(max_examples=20)
@given(st.lists(st.booleans(), min_size=6, max_size=6))
def test_the_low_rank_part_acts_where_the_picture_is_and_nowhere_else(marks: list[bool]) -> None:
    made, where = part()
    rows = random(2, 3, 4)
    where.mask = torch.tensor(marks).view(2, 3)
    moved = made(rows) - made.linear(rows)
    product = rows @ (made.high @ made.low).T
    assert torch.allclose(moved[where.mask], product[where.mask], atol=1e-5)
    assert not moved[~where.mask].any()


@torch.inference_mode()
def test_a_picture_with_no_number_at_all_does_not_reach_the_words() -> None:
    made, where = part()
    rows = random(1, 3, 4)
    rows[0, 0] = float("nan")
    where.mask = torch.tensor([[False, True, False]])
    assert made(rows)[0, 1:].isfinite().all()


@pytest.mark.parametrize("shape", [(1, 3, 4), (2, 2, 4)])
def test_positions_of_another_batch_are_an_error(shape: tuple[int, ...]) -> None:
    made, where = part()
    where.mask = torch.ones(2, 3, dtype=torch.bool)
    with pytest.raises(RuntimeError) as caught:
        made(torch.zeros(shape))
    assert str(caught.value) == f"image positions (2, 3) for states {shape}"


class Asked(nn.Module):
    """A decoder of one linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4, bias=False)

    def forward(self, inputs_embeds: Tensor, **_: Any) -> Tensor:
        found: Tensor = self.first(inputs_embeds)
        return found


class Inner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(8, 4)
        self.decoder = Asked()

    def forward(self, input_ids: Tensor | None = None, inputs_embeds: Tensor | None = None) -> Tensor:
        rows = self.words(input_ids) if input_ids is not None else inputs_embeds
        found: Tensor = self.decoder(inputs_embeds=rows)
        return found


class Whole(nn.Module):
    """A model whose image token is 7."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Inner()
        self.config = SimpleNamespace(image_token_id=7)

    def get_decoder(self) -> nn.Module:
        return self.model.decoder


def attached() -> tuple[Whole, Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
    """A model with a low-rank part, the plain layer, and what the part adds to rows."""
    made, low, high = Whole(), random(2, 4), random(4, 2, seed=3)
    plain = made.model.decoder.first
    attach(made, {"first": (low, high)})
    return made, plain, lambda rows: rows @ low.T @ high.T


@torch.inference_mode()
def test_ids_tell_where_the_picture_is() -> None:
    made, plain, added = attached()
    ids = torch.tensor([[1, 7, 2, 7]])
    rows = made.model.words(ids)
    expected = plain(rows) + added(rows) * (ids == 7)[..., None]
    assert torch.allclose(made.model(ids), expected, atol=1e-5)
    assert torch.allclose(made.model(input_ids=ids), expected, atol=1e-5)


@torch.inference_mode()
def test_a_question_without_a_picture_behind_one_with_it_is_asked_plainly() -> None:
    made, plain, _ = attached()
    made.model(torch.tensor([[7, 7]]))
    ids = torch.tensor([[1, 2, 3]])
    assert torch.equal(made.model(ids), plain(made.model.words(ids)))
    made.model(torch.tensor([[7, 7]]))
    rows = random(1, 3, 4)
    assert torch.equal(made.model(inputs_embeds=rows), plain(rows)), "embeddings alone say nothing of places"


@torch.inference_mode()
def test_rows_of_the_decoder_are_told_by_name() -> None:
    made, plain, added = attached()
    rows, where = random(2, 3, 4), torch.tensor([[True, False, False], [False, False, True]])
    found = made.model.decoder(inputs_embeds=rows, **{GIVEN: where})
    assert torch.allclose(found, plain(rows) + added(rows) * where[..., None], atol=1e-5)
    assert torch.equal(made.model.decoder(inputs_embeds=rows, **{GIVEN: where & False}), plain(rows))


class Step(nn.Module):
    """A layer that doubles and adds one, and keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Any] = []

    def forward(self, hidden_states: Tensor, **named: Any) -> Tensor:
        self.calls.append(named)
        return 2 * hidden_states + 1


def gate(weight: float, bias: float) -> nn.Linear:
    made = nn.Linear(2, 1)
    nn.init.constant_(made.weight, weight)
    nn.init.constant_(made.bias, bias)
    return made


@torch.inference_mode()
@pytest.mark.parametrize(("bias", "times"), [(-50.0, 1), (50.0, 2)])
def test_a_gate_that_is_shut_or_open_takes_one_pass_or_two(bias: float, times: int) -> None:
    rows = random(1, 3, 2)
    once = 2 * rows + 1
    found = Traversal(Step(), gate(0, bias))(rows)
    assert torch.allclose(found, once if times == 1 else 2 * once + 1, atol=1e-5)


@torch.inference_mode()
@given(st.floats(-5, 5), st.floats(-5, 5))
@settings(max_examples=20)
def test_what_comes_out_lies_between_both_passes(weight: float, bias: float) -> None:
    rows = random(2, 3, 2)
    found, once = Traversal(Step(), gate(weight, bias))(rows), 2 * rows + 1
    twice = 2 * once + 1
    assert (found >= torch.minimum(once, twice) - 1e-4).all()
    assert (found <= torch.maximum(once, twice) + 1e-4).all()


@torch.inference_mode()
def test_one_position_goes_through_once() -> None:
    layer, rows = Step(), random(3, 1, 2)
    assert torch.equal(Traversal(layer, gate(0, 50))(rows), 2 * rows + 1)
    assert len(layer.calls) == 1


class NewerStep(Step):
    """One whose cache is called as since transformers 5.24."""

    def forward(self, hidden_states: Tensor, cache: object = None, **named: Any) -> Tensor:
        return super().forward(hidden_states, cache=cache, **named)


@torch.inference_mode()
@pytest.mark.parametrize(("layer", "word"), [(Step(), "past_key_values"), (NewerStep(), "cache")])
def test_the_second_pass_leaves_the_cache_as_the_first_made_it(layer: Step, word: str) -> None:
    Traversal(layer, gate(0, 0))(random(1, 2, 2), **{word: "cache"}, position_ids=3)
    assert layer.calls == [{word: "cache", "position_ids": 3}, {word: None, "position_ids": 3}]


def decoder(layers: int = 2, hidden: int = 2) -> Any:
    return SimpleNamespace(
        layers=nn.ModuleList(Step() for _ in range(layers)),
        config=SimpleNamespace(hidden_size=hidden),
        norm=SimpleNamespace(weight=torch.ones(1, dtype=torch.float64)),
    )


def gates(layers: int = 2, hidden: int = 2) -> dict[str, Tensor]:
    made = {f"{number}.weight": torch.full((1, hidden), float(number)) for number in range(layers)}
    return made | {f"{number}.bias": torch.full((1,), 10.0 * number) for number in range(layers)}


def test_the_last_gate_stands_in_all_layers_in_the_numbers_of_the_model() -> None:
    found = decoder(3)
    inner = list(found.layers)
    traverse(found, gates(3), "file")
    assert [each.layer for each in found.layers] == inner
    for each in found.layers:
        assert each.gate.weight.tolist() == [[2.0, 2.0]] and each.gate.bias.tolist() == [20.0]
        assert each.gate.weight.dtype == torch.float64 and not each.gate.weight.requires_grad


OTHERS: list[dict[str, Tensor]] = [
    {},
    gates(1),
    gates(3),
    gates(2, 3),
    gates() | {"extra": torch.ones(1)},
    gates() | {"1.bias": torch.ones(())},
    {f"gate.{name}": value for name, value in gates().items()},
]


@pytest.mark.parametrize("found", OTHERS, ids=range(len(OTHERS)))
def test_gates_of_another_model_are_refused_and_nothing_is_changed(found: dict[str, Tensor]) -> None:
    made = decoder()
    for call in (traverse, require_gates):
        with pytest.raises(ModelUnavailable) as caught:
            call(made, found, "trol_gating.pt")
        assert str(caught.value) == "trol_gating.pt: no gates of 2 layers of width 2"
    assert all(isinstance(layer, Step) for layer in made.layers)


class Mamba(nn.Module):
    """Hands its rows on, as the states of the layers would be."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(10, 3)
        self.rows = torch.empty(0)

    def get_input_embeddings(self) -> nn.Module:
        return self.words

    def forward(self, inputs_embeds: Tensor, use_cache: bool) -> Any:
        self.rows = inputs_embeds[0]
        return SimpleNamespace(last_hidden_state=inputs_embeds + 100)


IMAGE, TOR = 8, 9
IDS = torch.tensor([1, IMAGE, IMAGE, IMAGE, 2, TOR, TOR, 3])


def rationale() -> tuple[Rationale, Mamba]:
    mamba = Mamba()
    return Rationale(mamba, nn.Identity(), nn.Identity(), IMAGE, TOR), mamba


@torch.inference_mode()
def test_a_rationale_is_what_stands_at_its_tokens() -> None:
    made, mamba = rationale()
    found = made(IDS, random(3, 3))
    assert torch.equal(found, mamba.words(torch.tensor([TOR, TOR])) + 100)
    assert torch.equal(mamba.rows[1:4], random(3, 3)), "features stand in their order"


@torch.inference_mode()
@pytest.mark.parametrize("left", [0, 1, 2])
def test_places_for_which_no_feature_is_left_are_left_out(left: int) -> None:
    made, mamba = rationale()
    assert len(made(IDS, random(left, 3))) == 2
    assert len(mamba.rows) == len(IDS) - 3 + left
    assert torch.equal(mamba.rows[1 : 1 + left], random(left, 3))
    assert torch.equal(mamba.rows[1 + left], mamba.words.weight[2]), "the words behind close up"
