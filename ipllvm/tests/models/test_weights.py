"""Every tensor of the files is taken, and the model has no other: else one line that names the first."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ipllvm.errors import ModelUnavailable
from ipllvm.models import quiet, weights
from ipllvm.models.loading import load
from ipllvm.models.text import LanguageModel
from ipllvm.models.weights import require_finite
from ipllvm.tests import tiny
from ipllvm.tests.checkpoints import make

Weights = dict[str, Tensor]
Q = "language_model.model.layers.0.self_attn.q_proj"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("llava", tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "copy")


def rewrite(folder: Path, change: Callable[[Weights], Weights]) -> None:
    path = folder / "model.safetensors"
    save_file(change(load_file(path)), path, {"format": "pt"})


def configure(folder: Path, part: str | None = None, **changes: Any) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text())
    (config[part] if part else config).update(changes)
    path.write_text(json.dumps(config))


def named(weights: Weights, end: str) -> str:
    return next(name for name in weights if name.endswith(end))


def diverged(weights: Weights) -> Weights:
    name = named(weights, "layers.1.mlp.up_proj.weight")
    weights[name][0, 0] = torch.nan
    return weights


def lora(weights: Weights) -> Weights:
    name = named(weights, "layers.0.self_attn.q_proj.weight").removesuffix(".weight")
    return {**weights, f"{name}.lora_A.default.weight": torch.zeros(2, 32)}


def scales(weights: Weights) -> Weights:
    name = named(weights, "layers.1.mlp.up_proj.weight")
    return {**weights, f"{name}_scale": torch.ones(1)}


def wrapped(weights: Weights) -> Weights:
    return {f"module.{name}": weight for name, weight in weights.items()}


def gathered_by_nobody(weights: Weights) -> Weights:
    return {**weights, named(weights, "layers.0.mlp.up_proj.weight"): torch.zeros(0)}


def narrower(weights: Weights) -> Weights:
    name = named(weights, "layers.0.mlp.up_proj.weight")
    return {**weights, name: weights[name][:, :4].contiguous()}


def integers(weights: Weights) -> Weights:
    name = named(weights, "layers.0.mlp.up_proj.weight")
    return {**weights, name: weights[name].to(torch.int8)}


def truths(weights: Weights) -> Weights:
    name = named(weights, "layers.0.mlp.up_proj.weight")
    return {**weights, name: weights[name] > 0}


def less(weights: Weights) -> Weights:
    return {n: w for n, w in weights.items() if not n.endswith("layers.0.mlp.up_proj.weight")}


SPOILT: dict[str, tuple[Callable[[Weights], Weights], str]] = {
    "LoRA": (lora, "1 weights are in the files that the model does not take.*lora_A.*merge_and_unload"),
    "scales": (scales, "up_proj.weight_scale: parts of quantised weights"),
    "a wrapper": (wrapped, "module.*and .* are missing.*names of a wrapper"),
    "ZeRO-3": (gathered_by_nobody, r"up_proj.weight: \[0\] stored, .* wanted.*ZeRO-3"),
    "other shape": (narrower, r"other shapes than config.json says.*\[64, 4\] stored, \[64, 32\] wanted$"),
    "integers": (integers, "stored as integers"),
    "truth values": (truths, r"stored as integers \(BOOL\)"),
    "a training that diverged": (diverged, "1.mlp.up_proj.weight is not finite: it holds NaN: "),
    "missing": (less, "1 weights are missing, the first is .*up_proj"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_what_does_not_fit_gets_one_line(what: str, folder: Path) -> None:
    change, expected = SPOILT[what]
    rewrite(folder, change)
    with pytest.raises(ModelUnavailable, match=expected) as caught:
        load(str(folder), device="cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [torch.int8, torch.bool, torch.complex64])
def test_tensors_that_are_no_numbers_by_themselves_are_told(kind: torch.dtype) -> None:
    held = {"a.position_ids": torch.arange(2), "a.weight": torch.ones(2), "b.bias": torch.ones(2).to(kind)}
    with pytest.raises(ModelUnavailable, match=r"^folder: the weight b\.bias is stored as "):
        weights.require_numbers(Path("folder"), held)
    weights.require_numbers(Path("folder"), {**held, "b.bias": torch.ones(2).to(torch.float16)})


CONFIGURED: dict[str, tuple[dict[str, Any], str]] = {
    "fewer layers": ({"part": "text_config", "num_hidden_layers": 1}, "config.json may name fewer layers"),
    "an absurd vocabulary": (
        {"part": "text_config", "vocab_size": 10**9},
        "config.json describes .* parameters and the files hold",
    ),
    "no numbers": (
        {"part": "text_config", "hidden_size": "wide"},
        "config.json can't be used: .*hidden_size",
    ),
    "no table": ({"vision_config": [1]}, "config.json can't be used: .*vision_config"),
    "a patch of nothing": ({"part": "vision_config", "patch_size": 0}, "config.json describes no model"),
    "fewer layers of the tower": ({"part": "vision_config", "num_hidden_layers": 2}, "fewer layers"),
    "more layers": ({"part": "text_config", "num_hidden_layers": 3}, "weights are missing"),
    "other vocabulary": ({"part": "text_config", "vocab_size": 700}, "other shapes than config.json says"),
    "a quantiser that nobody knows": (
        {"quantization_config": {"quant_method": "modelopt", "quant_algo": "FP8"}},
        r"quantised \(modelopt\) in a way that transformers does not know",
    ),
    "a quantiser without a name": (
        {"quantization": {"bits": 4, "group_size": 64}},
        r"quantised \(unnamed, 4 b",
    ),
    "a quantiser of the decoder": (
        {"part": "text_config", "quantization_config": {"quant_method": "nobody's", "bits": 3}},
        r"nobody's, 3 bits",
    ),
}


@pytest.mark.parametrize("what", CONFIGURED)
def test_a_config_that_is_not_of_these_weights_gets_one_line(what: str, folder: Path) -> None:
    changes, expected = CONFIGURED[what]
    configure(folder, **changes)
    with pytest.raises(ModelUnavailable, match=expected) as caught:
        load(str(folder), device="cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float8_e4m3fn])
def test_one_number_that_is_not_finite_is_found_in_weights_scales_and_statistics(dtype: torch.dtype) -> None:
    place = Path("model")
    sound = {"a.weight": torch.ones(3).to(dtype), "a.index": torch.ones(2, dtype=torch.int32), "a.bits": b""}
    sound |= {"none": torch.empty(0), "elsewhere": torch.ones(2, device="meta")}
    require_finite(place, sound)
    for bad in (torch.nan, *([torch.inf, -torch.inf] if dtype.itemsize > 1 else [])):
        with pytest.raises(ModelUnavailable, match=r"^model: the weight a\.scale is not finite: it holds "):
            require_finite(place, {**sound, "a.scale": torch.tensor([1.0, bad]).to(dtype)})


def test_no_bar_is_drawn_and_the_users_setting_is_left(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HUB_DISABLE_PROGRESS_BARS", raising=False)
    before = quiet.bars.is_progress_bar_enabled()
    quiet.bars.enable_progress_bar()
    try:
        load(str(folder), device="cpu")
        assert quiet.bars.is_progress_bar_enabled()
    finally:
        if not before:
            quiet.bars.disable_progress_bar()
    assert "Loading weights" not in capfd.readouterr().err


def test_buffers_that_older_releases_saved_are_no_fault(folder: Path) -> None:
    positions = {"vision_tower.vision_model.embeddings.position_ids": torch.arange(17)[None]}
    rewrite(folder, lambda weights: {**weights, **positions})
    assert load(str(folder), device="cpu").info().parameters > 0


def test_a_norm_that_no_answer_depends_on_may_be_missing(folder: Path) -> None:
    rewrite(folder, lambda weights: {n: w for n, w in weights.items() if "post_layernorm" not in n})
    assert load(str(folder), device="cpu").info().parameters > 0
    configure(folder, vision_feature_layer=-1)
    with pytest.raises(ModelUnavailable, match="post_layernorm"):
        load(str(folder), device="cpu")


@pytest.mark.parametrize("layer", [[-1], 3, [3]])
def test_a_norm_behind_a_layer_that_is_taken_may_not_be_missing(layer: int | list[int], folder: Path) -> None:
    rewrite(folder, lambda weights: {n: w for n, w in weights.items() if "post_layernorm" not in n})
    configure(folder, vision_feature_layer=layer)
    with pytest.raises(ModelUnavailable, match="post_layernorm"):
        load(str(folder), device="cpu")


@pytest.mark.parametrize("kind", ["gemma3", "idefics2"])
def test_the_norm_of_a_tower_whose_output_is_taken_may_not_be_missing(kind: str, tmp_path: Path) -> None:
    place = tiny.make(kind, tmp_path)
    rewrite(place, lambda weights: {n: w for n, w in weights.items() if "post_layernorm" not in n})
    with pytest.raises(ModelUnavailable, match=r"2 weights are missing, the first is .*post_layernorm"):
        load(str(place), device="cpu")


@pytest.mark.parametrize("fused", [False, True])
def test_capped_attention_is_written_out_whether_or_not_the_fused_kernel_takes_it(
    fused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import CLIPVisionConfig, Gemma2Config, LlavaConfig, LlavaForConditionalGeneration
    from transformers.models.gemma2.modeling_gemma2 import Gemma2PreTrainedModel

    folder = make("llava", tmp_path)
    config = json.loads((folder / "config.json").read_text())
    text = Gemma2Config(
        vocab_size=config["text_config"]["vocab_size"], hidden_size=32, intermediate_size=64, head_dim=8,
        num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, pad_token_id=2, eos_token_id=1,
    )  # fmt: skip
    vision = CLIPVisionConfig(**{k: v for k, v in config["vision_config"].items() if k != "model_type"})
    LlavaForConditionalGeneration(
        LlavaConfig(vision_config=vision, text_config=text, image_token_index=3, image_seq_length=16)
    ).save_pretrained(folder)
    monkeypatch.setattr(Gemma2PreTrainedModel, "_supports_sdpa", fused)  # which differs between releases
    assert load(str(folder), device="cpu").info().attention == "eager"


def test_a_language_model_is_read_by_the_same_rules(folder: Path) -> None:
    rewrite(folder, lora)
    with pytest.raises(ModelUnavailable, match="lora_A"):
        LanguageModel(str(folder), device="cpu").features(["red"])


def test_weights_that_change_while_they_are_read_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import LlavaForConditionalGeneration

    auto: Any = LlavaForConditionalGeneration
    usual = auto.from_pretrained.__func__

    def slow(*args: Any, **options: Any) -> Any:
        done = usual(*args, **options)
        rewrite(folder, lambda weights: weights)
        return done

    monkeypatch.setattr(LlavaForConditionalGeneration, "from_pretrained", classmethod(slow))
    with pytest.raises(ModelUnavailable, match="changed while it was read"):
        load(str(folder), device="cpu")
