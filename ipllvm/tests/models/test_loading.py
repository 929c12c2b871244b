"""Options and checkpoints that can't be had are refused in one line; others load as asked."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from ipllvm.errors import ModelUnavailable, UnknownName, UsageError
from ipllvm.models import checkpoint, devices, loading, prompting, sources
from ipllvm.models.prompting import VICUNA
from ipllvm.tests.checkpoints import FAMILIES, make
from ipllvm.tests.tiny import KINDS
from ipllvm.tests.tiny.parts import SMALL, Ids, Settings, write


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("llava", tmp_path_factory.mktemp("loading") / "tiny-llava")


@pytest.mark.parametrize("family", FAMILIES)
def test_loaded_model_says_what_it_is(family: str, tmp_path: Path) -> None:
    folder = make(family, tmp_path / "ckpt")
    model = loading.load(str(folder), device="cpu")
    info = model.info()
    assert (info.name, info.family, info.device, info.dtype) == ("ckpt", family, "cpu", "float32")
    assert (info.attention, info.prompt) == ("sdpa", "checkpoint")
    assert len(info.fingerprint) == 64
    assert model.stop_tokens == {1}
    assert not any(weight.requires_grad for weight in model.logits(torch.zeros(1, 32)))


def test_memory_that_is_freed_is_kept_where_a_model_is_loaded_to(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[torch.device] = []
    monkeypatch.setattr(loading, "keep_freed", told.append)
    loading.load(str(whole), device="cpu")
    assert told == [torch.device("cpu")]


def test_other_weights_are_another_fingerprint(whole: Path, tmp_path: Path) -> None:
    other = make("llava", tmp_path / "other", seed=1)
    assert loading.load(str(whole)).fingerprint != loading.load(str(other)).fingerprint


def test_stop_tokens_follow_the_generation_config(whole: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(whole, tmp_path / "copy")
    path = folder / "generation_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "eos_token_id": [1, 7]}))
    assert loading.load(str(folder)).stop_tokens == {1, 7}


def test_dtype_is_kept(whole: Path) -> None:
    model = loading.load(str(whole), dtype="bfloat16", device="cpu")
    item = model.prepare([Image.new("RGB", (40, 30), "red")], "what?")
    tokens = model.pack(model.projected([item])[0], item)
    assert tokens.dtype == torch.bfloat16
    assert model.logits(tokens).dtype == torch.float32


def test_missing_weight_is_not_left_at_random(whole: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(whole, tmp_path / "copy")
    weights = load_file(folder / "model.safetensors")
    del weights[next(key for key in weights if key.endswith("linear_2.weight"))]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelUnavailable, match=r"1 weights are missing.*linear_2\.weight"):
        loading.load(str(folder))


def test_broken_processor_and_template_get_one_line(whole: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(whole, tmp_path / "copy")
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(ModelUnavailable, match="no chat template"):
        loading.load(str(folder))
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match="its processor can't be loaded") as caught:
        loading.load(str(folder))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("side", [[56, 56], [56, 42], None])
def test_a_tower_whose_square_is_told_otherwise_or_not_at_all(side: object, tmp_path: Path) -> None:
    tower = {**SMALL, "model_type": "internvl_vision", "image_size": [56, 56], "patch_size": [14, 14]}
    if side is None:  # as SigLIP 2 of any size
        tower = {**SMALL, "model_type": "siglip2_vision_model", "num_patches": 16}
        del tower["image_size"]
    kind = KINDS["llava-llama"]
    made = write(replace(kind, config=lambda ids: {**kind.config(ids), "vision_config": tower}), tmp_path)
    config = json.loads((made / "config.json").read_text("utf-8"))
    if side is not None:
        config["vision_config"]["image_size"] = side
    (made / "config.json").write_text(json.dumps(config), encoding="utf-8")
    if side == [56, 56]:
        assert loading.sketch(str(made)).patch_grid() == 4
        return
    with pytest.raises(ModelUnavailable, match=r"its tower tells no side of a square"):
        loading.sketch(str(made))


def test_what_can_not_be_laid_out_is_told_in_a_line(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AttributeError("'Config' has no 'patch_size'")

    monkeypatch.setattr("ipllvm.models.families.llava.Llava.views", fail)
    with pytest.raises(ModelUnavailable, match=r"can't be laid out: 'Config' has no 'patch_size'"):
        loading.sketch(str(whole))


def test_a_decoder_that_sees_what_comes_after_is_refused(tmp_path: Path) -> None:
    kind = KINDS["gemma3"]

    def config(ids: Ids) -> Settings:
        made = kind.config(ids)
        return {**made, "text_config": {**made["text_config"], "use_bidirectional_attention": True}}

    with pytest.raises(ModelUnavailable, match=r"sees what comes after.*use_bidirectional_attention"):
        loading.sketch(str(write(replace(kind, config=config), tmp_path)))


def test_devices() -> None:
    with pytest.raises(UnknownName, match="did you mean 'cuda'"):
        devices.choose_device("cudda")
    for wrong in ("cuda:x", "cpu:", "mps"):
        with pytest.raises(UsageError):
            devices.choose_device(wrong)
    assert devices.choose_device("cpu") == torch.device("cpu")


def test_no_gpu_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match=r"finds no GPU here; use --device cpu"):
        devices.choose_device("cuda")
    assert devices.choose_device("auto") == torch.device("cpu")


def test_gpu_number_out_of_range(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert devices.choose_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(UsageError, match="only 2 GPU"):
        devices.choose_device("cuda:2")


def test_dtypes() -> None:
    assert devices.choose_dtype("auto", torch.device("cpu")) == torch.float32
    assert devices.choose_dtype("auto", torch.device("cuda")) == torch.bfloat16
    assert devices.choose_dtype("float16", torch.device("cpu")) == torch.float16
    with pytest.raises(UnknownName, match="did you mean 'float16'"):
        devices.choose_dtype("float61", torch.device("cpu"))


def test_too_little_memory_is_said_before_loading(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = checkpoint.inspect(whole)
    monkeypatch.setattr(loading, "free_memory", lambda device: found.parameters * 4 - 1)
    with pytest.raises(ModelUnavailable, match=r"need 0\.0 GB in float32 and cpu has"):
        loading.load(str(whole), device="cpu")
    loading.check_memory(found, torch.device("cpu"), torch.bfloat16)


def test_original_prompt_is_for_named_models_only(whole: Path) -> None:
    for name in ("llava-tiny", str(whole), "org/model"):
        with pytest.raises(UsageError, match=r"only for llava-1\.5, llava-next, llava-ov"):
            loading.choose_prompt(name, "original")
    with pytest.raises(UnknownName, match="did you mean 'original'"):
        loading.choose_prompt("llava-ov", "orginal")
    assert set(prompting.ORIGINAL) < set(sources.HUB_ALIASES.values())
    assert loading.choose_prompt("llava-hf/llava-1.5-7b-hf", "original").square


def test_original_prompt_adds_the_sentence_and_pads(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "resolve", lambda *_, **__: whole)
    wide = Image.new("RGB", (56, 14), "white")
    shipped = loading.load("llava-1.5", device="cpu").prepare([wide], "what?")
    model = loading.load("llava-1.5", device="cpu", prompt="original")
    original = model.prepare([wide], "what?")
    assert model.info().prompt == "original"
    words = [original.input_ids[~original.visual], shipped.input_ids[~shipped.visual]]
    assert model.text(words[0].tolist()) == f"{VICUNA} {model.text(words[1].tolist())}"
    assert original.tiles is not None and shipped.tiles is not None
    mean_colour = original.tiles[0, :, 0, 0]
    assert mean_colour.abs().max() < 0.05
    assert (shipped.tiles > 1).all()
