"""TroL and Meteor say what their authors' code says, step by step, and are perturbed as they say they are."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Outcomes, run
from ipllvm.errors import ModelUnavailable
from ipllvm.models.base import Prepared
from ipllvm.models.load_options import LoadOptions
from ipllvm.models.loading import load
from ipllvm.models.trol.pictures import Squeezed, Tiles
from ipllvm.perturbations.noise import LayerNoise
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Sample, Target
from ipllvm.tests.decoded import greedy
from ipllvm.tests.models.trol import vectors
from ipllvm.tests.models.trol.vectors import DATA, picture
from ipllvm.tests.tiny.contract import Shown

pytestmark = pytest.mark.slow
CLOSE = 1e-5
HOW = LoadOptions(allow_pickle=True)
KINDS: dict[str, tuple[Callable[[Path], Path], int]] = {
    "trol-tiny": (vectors.trol, 100), "trol38-tiny": (vectors.trol_tiles, 110),
    "meteor-tiny": (vectors.meteor, 100),
}  # fmt: skip


@pytest.fixture(scope="module", params=KINDS)
def found(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Any, dict[str, Tensor], Prepared]:
    """A model, the vectors, and the prompt that they are about."""
    name: str = request.param
    make, place = KINDS[name]
    model = load(str(make(tmp_path_factory.mktemp("authors"))), device="cpu", how=HOW)
    kept = load_file(DATA / f"{name}.4.41.2.vectors.safetensors")
    made = {key: value.long() if value.dtype == torch.int16 else value for key, value in kept.items()}
    shown = picture(name)
    images = Tiles(448) if name == "trol38-tiny" else Squeezed(14)
    fields = images([shown])
    if "mamba_input_ids" in made:
        fields["rationale_ids"] = made["mamba_input_ids"][None]
    ids = made["input_ids"]
    return name, model, made, Prepared(ids, ids == place, fields, ((shown.height, shown.width),))


@torch.inference_mode()
def embeds(model: Any, prepared: Prepared) -> Tensor:
    found: Tensor = model.embed(prepared, model.pack(model.projected([prepared])[0], prepared))
    return found


@torch.inference_mode()
def test_features_and_logits(found: tuple[str, Any, dict[str, Tensor], Prepared]) -> None:
    name, model, made, prepared = found
    assert model.info().family == ("meteor" if name == "meteor-tiny" else "trol")
    assert ("trol_gating.pt" in model.info().weights) == (name != "meteor-tiny")
    if "pixel_sums" in made:
        sums = prepared.fields["pixel_values"].sum((2, 3)).view(made["pixel_sums"].shape)
        assert torch.allclose(sums, made["pixel_sums"], rtol=1e-6, atol=2e-2)
    (encoded,) = model.encode([prepared])
    features = encoded.patches.sum(-1).flatten()
    # Sums of 64 values of up to 20: another processor's are off by three units in the last place.
    assert torch.allclose(features, made["features_sum"].flatten(), rtol=1e-6, atol=3 * CLOSE)
    rows = embeds(model, prepared)
    if "tor_features" in made:
        assert torch.allclose(rows[prepared.input_ids == 101, :32], made["tor_features"], atol=CLOSE)
    logits = model.logits(model.decoder(rows[None])[0][0])
    assert torch.allclose(logits[-1], made["logits"], rtol=0, atol=CLOSE)
    assert torch.allclose(logits.sum(1), made["all_logits_sum"], rtol=0, atol=50 * CLOSE)
    if "text_ids" in made:
        words = Prepared(made["text_ids"], torch.zeros(len(made["text_ids"]), dtype=torch.bool))
        said = model.logits(model.decoder(model.embed_words(words)[None])[0][0])
        assert torch.allclose(said[-1], made["text_logits"], rtol=0, atol=CLOSE)


@torch.inference_mode()
def test_answers_whatever_is_guessed(
    found: tuple[str, Any, dict[str, Tensor], Prepared], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, model, made, prepared = found
    monkeypatch.setattr(model, "stop_tokens", frozenset())
    rows, said = embeds(model, prepared), tuple(made["greedy"].tolist())
    limit = len(said)
    assert greedy(model, [rows], limit) == [said]
    assert greedy(model, [rows, rows], limit, [said, (1, 2, 3)]) == [said, said]


@torch.inference_mode()
def test_the_steps_of_decoding_differ_from_a_longer_pass(
    found: tuple[str, Any, dict[str, Tensor], Prepared],
) -> None:
    name, model, made, prepared = found
    rows, said = embeds(model, prepared), made["greedy"]
    whole = torch.cat([rows, model.embed_tokens(said)])
    longer = model.logits(model.decoder(whole[None])[0][0, len(rows) - 1 : -1])
    if "prefill_of_the_same_tokens" in made:
        assert torch.allclose(longer, made["prefill_of_the_same_tokens"], rtol=0, atol=CLOSE)
    steps = made.get("steps")
    _, cache = model.decoder(rows[None])
    for number, token in enumerate(said[:-1], 1):
        hidden, _ = model.decoder(model.embed_tokens(token[None, None]), past_key_values=cache)
        step = model.logits(hidden[0, 0])
        assert steps is None or torch.allclose(step, steps[number], rtol=0, atol=CLOSE)
        same = torch.allclose(step, longer[number], rtol=0, atol=1e-4)
        assert same is (name == "meteor-tiny"), "TroL's layers run twice over many and once over one"


@torch.inference_mode()
def test_every_layer_can_be_entered(found: tuple[str, Any, dict[str, Tensor], Prepared]) -> None:
    _, model, _, prepared = found
    rows = embeds(model, prepared)[None]
    whole, _ = model.decoder(rows)
    inputs, _ = model.layer_inputs(rows, range(model.layers()))
    for layer, hidden in inputs.items():
        assert torch.equal(model.decode_from_layer(layer, hidden)[0], whole)


@torch.inference_mode()
def test_to_permute_tokens_is_to_permute_features_before_every_projector(
    found: tuple[str, Any, dict[str, Tensor], Prepared],
) -> None:
    name, model, _, prepared = found
    (encoded,) = model.encode([prepared])
    order = torch.randperm(encoded.patches.shape[1], generator=torch.Generator().manual_seed(0))
    features = encoded.patches[:, order]
    projected = model._projector(features)
    if name == "meteor-tiny":
        projected = torch.cat([projected, model._rationale.projector(features)], -1)
    tokens = model.pack(encoded.projected, prepared)
    if len(encoded.patches) == 1:
        permuted = model.embed(prepared, tokens[order])
        assert torch.allclose(model.embed(prepared, projected[0]), permuted, atol=1e-6)
        if name == "meteor-tiny":
            rationale = prepared.input_ids == 101
            assert not torch.allclose(permuted[rationale], embeds(model, prepared)[rationale], atol=0.1)


def asked(model: Any, size: int) -> Outcomes:
    """Two questions about a picture and one about none, permuted and with noise at a layer."""
    noise = LayerNoise(1, "symmetric", 0.5, 0.6, Target.IMAGE, generated=False)
    shown: Sequence[Shown] = (Shown(90, 60),)
    samples = (
        Sample("a", "a", tuple(shown), "what is it?", ""), Sample("b", "a", tuple(shown), "how many?", ""),
        Sample("c", "c", (), "why?", ""),
    )  # fmt: skip
    plan = Plan(samples, (Clean(), Permutation(), noise), 1, 0, 4)
    outcomes: Outcomes = {}
    run(model, plan, size, outcomes, lambda done: None)
    assert not [each.error for each in outcomes.values() if each.error]
    return outcomes


def test_the_engine_answers_alike_alone_and_together(
    found: tuple[str, Any, dict[str, Tensor], Prepared],
) -> None:
    _, model, _, _ = found
    alone, together = asked(model, 1), asked(model, 3)
    assert {t: r.tokens for t, r in alone.items()} == {t: r.tokens for t, r in together.items()}
    assert len({response.tokens for response in alone.values()}) > 1
    answer = model.pipeline_answer([Shown(90, 60).load()], "what is it?", 4)
    if answer is not None:
        clean = next(r for t, r in alone.items() if t.sample == "a" and t.perturbation == "clean")
        assert answer[: len(clean.tokens)] == clean.tokens


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    folder = vectors.trol(tmp_path)
    with pytest.raises(ModelUnavailable, match=r"trol_gating\.pt: a pickle.*--allow-pickle"):
        load(str(folder), device="cpu")
    torch.save({"0.weight": torch.ones(1, 32)}, folder / "trol_gating.pt")
    with pytest.raises(ModelUnavailable, match=r"trol_gating\.pt: no gates of 3 layers of width 32"):
        load(str(folder), device="cpu", how=HOW)
    (folder / "trol_gating.pt").unlink()
    with pytest.raises(ModelUnavailable, match=r"no trol_gating\.pt"):
        load(str(folder), device="cpu", how=HOW)
    made = vectors.meteor(tmp_path)
    (tmp_path / "Meteor-Mamba" / "config.json").unlink()
    with pytest.raises(ModelUnavailable, match=r"its Mamba is not here.*--base-model=FOLDER"):
        load(str(made), device="cpu", offline=True)


@pytest.mark.parametrize("name", KINDS)
def test_a_tensor_that_no_part_takes_is_named(name: str, tmp_path: Path) -> None:
    """It was dropped in silence: answers would be those of another model than the files hold."""
    made = KINDS[name][0](tmp_path)
    for folder in sorted(each.parent for each in tmp_path.glob("*/model.safetensors")):
        held = load_file(folder / "model.safetensors")
        save_file(held | {"extra.weight": torch.ones(1)}, folder / "model.safetensors")
        with pytest.raises(
            ModelUnavailable, match=rf"^{folder}: 1 weights are .* the first is extra\.weight"
        ):
            load(str(made), device="cpu", how=HOW)
        save_file(held, folder / "model.safetensors")


def test_a_tower_of_fewer_patches_is_scaled_up() -> None:
    from ipllvm.models.trol.internlm2 import _positions

    table = torch.cat([torch.zeros(1, 4), torch.ones(24 * 24, 4)])
    wide = _positions("x.position_embedding.weight", table)
    assert wide.shape == (1226, 4) and torch.allclose(wide[1:], torch.ones(1225, 4), atol=1e-6)


def test_pictures_are_cut_by_aspect() -> None:
    tiles = Tiles(448)
    assert {tiles.across(size) for size in ((60, 150), (150, 60), (50, 50))} == {(1, 2), (3, 1), (1, 1)}
    assert len(tiles([Image.new("RGB", (50, 50))])["pixel_values"]) == 1
    assert len(tiles([Image.new("RGB", (900, 900))])["pixel_values"]) == 5, "the whole comes last"


def test_a_prompt_holds_what_the_template_says(
    found: tuple[str, Any, dict[str, Tensor], Prepared],
) -> None:
    name, model, _, _ = found
    prepared = model.prepare([picture(name)], "what?")
    assert len(model.layout(prepared)) == int(prepared.visual.sum())
    words = model._processor.tokenizer.convert_ids_to_tokens(prepared.input_ids[~prepared.visual].tolist())
    assert words[0] == "<s>" and words.count("<tor>") == (10 if name == "meteor-tiny" else 0)
    tiles = len(prepared.fields["pixel_values"])
    assert int(prepared.visual.sum()) == (256 * tiles if name == "trol38-tiny" else 1225)
