"""Plans from a config alone: a folder without weights, and published models of which nothing is here."""

import gc
import time
from pathlib import Path

import pytest
import torch
from PIL import Image

from ipllvm.benchmarks import scenes
from ipllvm.engine.forecast import cost
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import run
from ipllvm.errors import ModelUnavailable
from ipllvm.models import sources
from ipllvm.models.allocation import give_back
from ipllvm.models.forecast import REACHED, call_seconds, here
from ipllvm.models.loading import load, sketch
from ipllvm.models.outlines import OUTLINES
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.shuffle import PatchShuffle
from ipllvm.perturbations.substitution import Clean
from ipllvm.speed.memory import resident, watched
from ipllvm.tests.tiny import make

PICTURE = Image.new("RGB", (640, 480))
PUBLISHED = {
    "llava-1.5": (7_063_427_072, 576),
    "llava-next": (7_063_431_168, 2_340),
    "llava-ov": (8_029_890_080, 2_929),
    "trol-1.8b": (2_476_411_905, 1_225),
    "trol-3.8b": (4_147_129_345, 1_792),
    "trol-7b": (8_733_969_409, 1_225),
    "meteor": (8_733_965_312, 1_225),
}
"""Parameters, and visual tokens of a picture of 640 by 480."""


def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub._snapshot_download.constants.HF_HUB_CACHE", str(tmp_path))


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_named_model_is_planned_without_any_file(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nowhere(monkeypatch, tmp_path)
    model = sketch(name, offline=True)
    prepared = model.prepare([PICTURE], "what colour is it?")
    found = model.info().parameters, int(prepared.visual.sum())
    assert found == PUBLISHED[name]
    assert len(model.layout(prepared)) == found[1]
    words = len(prepared.input_ids) - found[1]
    least = 60 if name.startswith("trol") else 8  # its system text
    assert least <= words <= least + 40, "a token for four letters"
    with pytest.raises(ModelUnavailable, match="not complete in the hub cache"):
        load(name, offline=True)


def test_a_named_model_takes_what_is_published(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Vicuna 7B's layers, and CLIP L/14 at 336 pixels: 174.7 G of multiplications (timm's count), beside
    those of the projector.
    """
    nowhere(monkeypatch, tmp_path)
    model = sketch("llava-1.5", offline=True)
    found = model.cost(model.prepare([PICTURE], "what colour is it?"))
    assert found.position == 32 * (4 * 4096**2 + 3 * 4096 * 11008)
    assert found.reach == 2 * 32 * 4096
    projector = 576 * (1024 * 4096 + 4096**2)
    assert found.pictures - projector == pytest.approx(174.7e9, rel=0.02)
    assert model.footprint is not None and model.footprint.cache == 2 * 32 * 4096


def test_every_named_model_has_an_outline() -> None:
    assert {*PUBLISHED} == {*sources.HUB_ALIASES}
    assert {sources.HUB_ALIASES[name] for name in PUBLISHED} == {*OUTLINES}


def test_a_folder_without_weights_is_planned_as_with_them(tmp_path: Path) -> None:
    folder = make("qwen2_5_vl", tmp_path / "it")
    plan = Plan(scenes.short().samples[:4], (Clean(), Permutation(), PatchShuffle(2)), 2, 0, 6)
    whole = str(cost(sketch(str(folder)), plan))
    (folder / "model.safetensors").unlink()
    assert str(cost(sketch(str(folder)), plan)) == whole
    with pytest.raises(ModelUnavailable):
        load(str(folder), device="cpu")


def test_products_are_those_of_layers_and_tower(tmp_path: Path) -> None:
    model = sketch(str(make("llava-llama", tmp_path / "it")))
    plan = Plan(scenes.short().samples[:4], (Clean(), PatchShuffle(2)), 1, 0, 6)
    found = cost(model, plan)
    a_layer = 64 * (64 + 32 + 32 + 64) + 3 * 64 * 96
    decoder = found.tokens * 4 * a_layer
    assert decoder < found.work.products < 1.8 * decoder, "the tower takes less than the decoder"
    longer = found.most.products - found.work.products
    assert longer > found.trials * 4 * a_layer, "answers that run to their limit have more tokens"
    assert found.work.seconds(2.0, 0.0) == pytest.approx(found.work.products + found.work.prepared)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["llava-tiny", "llava-next-tiny", "llava-ov-tiny"])
def test_the_planned_memory_is_what_a_run_takes(name: str) -> None:
    """Within a quarter on a quiet machine; wider here, as others may run beside."""
    plan = Plan(scenes.short().samples[:32], (Clean(), Permutation(), PatchShuffle(2)), 2, 0, 6)
    planned = 4 * cost(sketch(name), plan, 32).holds
    model = load(name, device="cpu")
    run(model, Plan(plan.samples[:2], (Clean(),), 1, 0, 6), 2, {}, lambda done: None)
    gc.collect()
    give_back()
    before = resident()
    with watched(model.device) as peak:
        run(model, plan, 32, {}, lambda done: None)
    assert planned / 1.6 < peak.bytes - before < 1.6 * planned


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["llava-qwen3", "llava_next-mistral"])
def test_the_planned_time_is_what_answers_without_an_end_take(kind: str, tmp_path: Path) -> None:
    """Within a quarter on a quiet machine; wider here, as others may run beside."""
    folder, cpu = str(make(kind, tmp_path / "it")), torch.device("cpu")
    plan = Plan(scenes.short().samples[:32], (Clean(), Permutation(), PatchShuffle(2)), 2, 0, 16)
    planned = cost(sketch(folder), plan, 32).most.seconds(REACHED["cpu"] * here()[1], call_seconds(cpu))
    model = load(folder, device="cpu")
    run(model, Plan(plan.samples[:2], (Clean(),), 1, 0, 16), 2, {}, lambda done: None)
    began = time.thread_time()
    run(model, plan, 32, {}, lambda done: None)
    assert planned / 1.6 < time.thread_time() - began < 1.6 * planned
