"""Laws of prompts in rows: each stands whole in its columns, and sees its own positions and nothing else."""

import random
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ipllvm.engine import batch_policy
from ipllvm.engine.packing import Packed, PackedPrompt, alone, pack, prompt_sees, scores
from ipllvm.models.base import Prepared, PromptPositions

CPU = torch.device("cpu")
SEEDS = range(12)


def model(**about: Any) -> Any:
    """What packing asks of a model; the embedding of a token is its number."""
    usual = {
        "device": CPU,
        "dtype": torch.float32,
        "windows": {},
        "kinds": ("full",),
        "supports_shared_rows": True,
    }
    return SimpleNamespace(**{**usual, **about}, embed_answer=lambda ids: ids.float()[:, None])


def drawn(seed: int, skipped: int = 0) -> list[PackedPrompt]:
    """Prompts about a few pictures: those of one begin alike, and every other position has a number of its
    own.
    """
    rng, numbers = random.Random(seed), iter(range(1000, 10_000))
    shared = {picture: rng.randint(1, 6) for picture in range(3)}
    opened = {
        picture: [*range(skipped), *(next(numbers) for _ in range(length))]
        for picture, length in shared.items()
    }
    prompts = []
    for _ in range(rng.randint(1, 7)):
        picture, words = rng.randrange(3), [next(numbers) for _ in range(rng.randint(1, 5))]
        guess = tuple(next(numbers) for _ in range(rng.randint(0, 3)))
        begin = opened[picture]
        lone = rng.random() < 0.2
        embeds = torch.tensor([*begin, *words], dtype=torch.float32)[:, None]
        prompts.append(
            PackedPrompt(embeds, guess) if lone else PackedPrompt(embeds, guess, picture, len(begin))
        )
    return prompts


def packed(seed: int, skipped: int = 0) -> Packed:
    return pack(model(), drawn(seed, skipped), skipped)


def whole(prompt: PackedPrompt) -> list[int]:
    return [*map(int, prompt.embeds[:, 0]), *prompt.guess]


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are shared wherever they can be."""
    monkeypatch.setattr(batch_policy, "SAVED_BY_SHARING", -9.0)


def test_rows_are_shared_in_some_of_these() -> None:
    assert sum(packed(seed).masked for seed in SEEDS) > 3
    assert any(packed(seed).shape[0] > 1 for seed in SEEDS)


@pytest.mark.parametrize("skipped", [0, 2])
@pytest.mark.parametrize("seed", SEEDS)
def test_every_prompt_stands_whole_in_its_columns(seed: int, skipped: int) -> None:
    found = packed(seed, skipped)
    rows = found.embeds(model())[:, :, 0]
    assert rows.shape == found.shape
    for number, prompt in enumerate(found.prompts):
        own = whole(prompt)[skipped:]
        at = found.column(number, torch.arange(skipped, skipped + len(own)))
        assert rows[found.places[number].row, at].tolist() == own


@pytest.mark.parametrize("skipped", [0, 2])
@pytest.mark.parametrize("seed", SEEDS)
def test_every_position_sees_what_comes_before_it_in_its_own_prompt(seed: int, skipped: int) -> None:
    found = packed(seed, skipped)
    attention = found.attention(model())
    rows, columns = found.shape
    if attention.mask is None:
        seen = torch.ones(columns, columns, dtype=torch.bool).tril()[None].expand(rows, -1, -1)
        seen = torch.nn.functional.pad(seen, (skipped, 0), value=True)
        assert not found.masked
    else:
        assert attention.mask.shape == (rows, 1, columns, skipped + columns)
        seen = attention.mask[:, 0] == 0
    for number, prompt in enumerate(found.prompts):
        row, length = found.places[number].row, len(whole(prompt))
        at = found.column(number, torch.arange(skipped, length))
        for place, column in enumerate(at.tolist()):
            slots = [*range(skipped), *(skipped + each for each in at[: place + 1].tolist())]
            assert seen[row, column].nonzero()[:, 0].tolist() == sorted(slots)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_column_stands_where_its_position_does(seed: int) -> None:
    found = packed(seed)
    positions = found.attention(model()).positions
    if positions is None:
        return
    for number, prompt in enumerate(found.prompts):
        places = torch.arange(len(whole(prompt)))
        at = found.column(number, places)
        assert positions[0, found.places[number].row, at].tolist() == places.tolist()


@pytest.mark.parametrize("skipped", [0, 2])
@pytest.mark.parametrize("seed", SEEDS)
def test_tokens_are_said_at_the_end_and_behind_each_guess(seed: int, skipped: int) -> None:
    found = packed(seed, skipped)
    rows, columns = found.speaking(CPU)
    values, starts = found.embeds(model())[:, :, 0], found.starts()
    assert len(rows) == len(columns) == starts[-1]
    for number, prompt in enumerate(found.prompts):
        own = slice(starts[number], starts[number + 1])
        said = values[rows[own], columns[own]].tolist()
        assert said == whole(prompt)[len(prompt) - 1 :]


@pytest.mark.parametrize("skipped", [0, 2])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_slots_of_an_answer_are_its_positions_in_order(seed: int, skipped: int) -> None:
    found = packed(seed, skipped)
    numbers = list(range(len(found.prompts)))[::-1]
    lengths = [len(whole(found.prompts[number])) for number in numbers]
    slots, meant = found.slots(numbers, lengths)
    assert slots.shape == meant.shape == (len(numbers), max(lengths))
    for row, (number, length) in enumerate(zip(numbers, lengths, strict=True)):
        at = found.column(number, torch.arange(skipped, length))
        assert slots[row][meant[row]].tolist() == [*range(skipped), *(at + skipped).tolist()]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_row_is_longer_than_twice_the_longest_prompt_and_no_prompt_is_lost(seed: int) -> None:
    found = packed(seed)
    longest = max(len(whole(prompt)) for prompt in found.prompts)
    assert longest <= found.shape[1] <= batch_policy.LONGEST_SHARED_ROW * longest
    assert {place.row for place in found.places} == set(range(found.shape[0]))
    assert found.shape[0] <= alone(found.prompts).shape[0]


def test_prompts_of_a_model_that_shares_no_rows_stand_alone() -> None:
    for seed in SEEDS:
        found = pack(model(supports_shared_rows=False), drawn(seed))
        assert not found.masked and [place.row for place in found.places] == list(range(len(found.prompts)))


@pytest.mark.parametrize(("window", "reach"), [(None, 5), (1, 1), (2, 2), (9, 5)])
def test_a_window_is_so_many_positions_with_the_own_one(window: int | None, reach: int) -> None:
    seen = prompt_sees(PackedPrompt(torch.zeros(3, 1), (7, 8)), "full", window)
    assert seen.shape == (5, 5) and int(seen[4].sum()) == reach
    assert not seen.triu(1).any() and seen.diagonal().all()


def test_what_a_kind_sees_of_its_own_is_of_the_prompt_alone() -> None:
    sees = torch.ones(3, 3, dtype=torch.bool)
    standing = PromptPositions(torch.arange(3)[None], {"wide": sees})
    prompt = PackedPrompt(torch.zeros(3, 1), (7,), standing=standing)
    assert prompt_sees(prompt, "wide", None)[:3, :3].all()
    assert not prompt_sees(prompt, "wide", None)[0, 3] and prompt_sees(prompt, "wide", None)[3].all()
    assert torch.equal(prompt_sees(prompt, "full", None), torch.ones(4, 4, dtype=torch.bool).tril())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_what_is_hidden_has_the_least_number_of_its_type(dtype: torch.dtype) -> None:
    found = scores(torch.tensor([[[True, False]]]), dtype)
    assert found.shape == (1, 1, 1, 2) and found.dtype == dtype
    assert found[0, 0, 0].tolist() == [0.0, torch.finfo(dtype).min]


def prepared(*visual: int, length: int = 6) -> Prepared:
    marks = torch.zeros(length, dtype=torch.bool)
    marks[list(visual)] = True
    return Prepared(torch.arange(length), marks)


@pytest.mark.parametrize(
    ("visual", "shared"),
    [((1, 2), 3), ((0,), 1), ((2,), 3), ((1, 4), 5), ((), 0), ((4, 5), 0)],
)
def test_questions_share_what_ends_with_the_picture(visual: tuple[int, ...], shared: int) -> None:
    """Nothing where there is none, or no word behind it."""
    found = PackedPrompt.of(torch.zeros(6, 1), prepared(*visual), "shown")
    assert found.shared == shared and (found.opening is None) is (shared == 0)


def test_an_opening_is_the_words_before_the_picture_and_what_it_shows() -> None:
    def opening(about: Prepared, shown: str, left: int = 6) -> Any:
        return PackedPrompt.of(torch.zeros(left, 1), about, shown).opening

    one = prepared(1, 2)
    assert opening(one, "a") == opening(prepared(1, 2), "a") != opening(one, "b")
    other = Prepared(torch.tensor([9, 1, 2, 3, 4, 5]), one.visual)
    behind = Prepared(torch.tensor([0, 1, 2, 3, 4, 9]), one.visual)
    assert opening(other, "a") != opening(one, "a") == opening(behind, "a")
    dropped = PackedPrompt.of(torch.zeros(5, 1), one, "a")
    assert dropped.shared == 2, "of two visual tokens one was left out"
