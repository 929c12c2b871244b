from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ipllvm.models.loading import load
from ipllvm.zoo import batches, save, stitching, tokenizer, trainer, tuning
from ipllvm.zoo.__main__ import CHECKPOINTS
from ipllvm.zoo.recipes import RECIPES, SISTERS, Phase

ANYRES = ("llava-next-tiny", "llava-ov-tiny")
PHASE = Phase("p", 2, 2, 1e-3, {"scenes": 1.0, "charts": 1.0}, questions=2, problems=2)


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "compiled", lambda function: function)


@pytest.mark.parametrize("name", ["llava-tiny", *ANYRES])
@pytest.mark.parametrize("oblong", [0.0, 1.0])
def test_every_family_learns_from_squares_and_the_anyres_ones_from_oblongs(name: str, oblong: float) -> None:
    words = tokenizer.load(CHECKPOINTS / "llava-tiny")
    model, for_phase = tuning.instructed(RECIPES[name], words, CHECKPOINTS)
    loss = for_phase(replace(PHASE, oblong=oblong))
    value = loss(0)
    torch.autograd.backward(value)
    assert value.isfinite()
    assert all(p.grad is not None for p in model.model.multi_modal_projector.parameters())


def test_a_tower_imitates_the_one_it_starts_from() -> None:
    words = tokenizer.load(CHECKPOINTS / "llava-tiny")
    phase = replace(PHASE, imitate=True)
    _, for_phase = tuning.instructed(RECIPES["llava-next-tiny"], words, CHECKPOINTS)
    assert float(for_phase(phase)(0).detach()) == pytest.approx(
        0.0, abs=1e-6
    )  # the same tower, cut where it is read
    _, for_phase = tuning.instructed(RECIPES["llava-ov-tiny"], words, CHECKPOINTS)
    assert float(for_phase(phase)(0).detach()) > 0.01  # without class token and the norm before the blocks


@pytest.mark.parametrize("name", ANYRES)
def test_what_is_saved_is_what_users_load(name: str, tmp_path: Path) -> None:
    words = tokenizer.load(CHECKPOINTS / "llava-tiny")
    recipe = RECIPES[name]
    model = tuning.STITCH[recipe.kind](recipe, words, CHECKPOINTS)
    folder = save.checkpoint(model, recipe, words, tmp_path / name)
    loaded = load(str(folder), device="cpu")
    items = batches.pictures(replace(PHASE, oblong=1.0), 0, 0)
    picture = items[0].load()
    prepared = loaded.prepare([picture], "what?")
    tiles = loaded.projected([prepared])[0]
    packed = loaded.pack(tiles, prepared)
    square = 64
    if name == "llava-next-tiny":
        assert len(packed) == square + 2 * square + max(picture.size[1] // 14, 8)
    else:
        assert square < len(packed) < 2 * square + 16  # scaled down to about one view
    assert len(packed) == int(prepared.visual.sum())
    assert "_name_or_path" not in (folder / "config.json").read_text().replace('"_name_or_path": ""', "")


def test_the_decoder_keeps_the_layers_that_the_recipe_names() -> None:
    words = tokenizer.load(CHECKPOINTS / "llava-tiny")
    recipe = replace(RECIPES["llava-next-tiny"], shape={"layers": (0, 4)})
    model = stitching.llava_next(recipe, words, CHECKPOINTS)
    donor, _ = stitching.teacher(recipe, CHECKPOINTS)
    kept, from_ = model.model.language_model.layers[1], donor.model.language_model.layers[4]
    for (name, weight), other in zip(kept.named_parameters(), from_.parameters(), strict=True):
        assert torch.equal(weight, other), name


@pytest.mark.parametrize("name", sorted(SISTERS))
def test_a_sister_starts_as_llava_tiny_and_differs_in_one_thing(name: str) -> None:
    words = tokenizer.load(CHECKPOINTS / "llava-tiny")
    recipe = SISTERS[name]
    model, for_phase = tuning.instructed(recipe, words, CHECKPOINTS)
    plain, _ = stitching.teacher(recipe, CHECKPOINTS)
    weights = plain.state_dict()
    changed = {key for key, weight in model.state_dict().items() if not torch.equal(weight, weights[key])}
    assert all("position_embedding" in key for key in changed)
    assert len(changed) == (name == "llava-tiny-unplaced")
    short = replace(recipe.phases[0], batch=2)
    longer = replace(SISTERS["llava-tiny-longer"].phases[0], batch=2, name=short.name)
    losses = [float(for_phase(phase)(0).detach()) for phase in (short, longer)]
    others = ("llava-tiny-shuffled", "llava-tiny-dropped", "llava-tiny-wordings")
    assert (losses[0] != losses[1]) == (name in others)


@pytest.mark.parametrize("name", ANYRES)
def test_an_anchored_phase_teaches_the_decoder_alone(name: str) -> None:
    words = tokenizer.load(CHECKPOINTS / "llava-tiny")
    model, for_phase = tuning.instructed(RECIPES[name], words, CHECKPOINTS)
    phase = replace(PHASE, anchor=1.0, problems=0, lettered=0.5, rephrased=1.0)
    loss = for_phase(phase)
    value = loss(0)
    torch.autograd.backward(value)
    learning = {part for part, weight in model.named_parameters() if weight.grad is not None}
    assert learning and all("language_model" in part or "lm_head" in part for part in learning)
    assert float(value.detach()) > 0.0, "other wordings are answered otherwise"
