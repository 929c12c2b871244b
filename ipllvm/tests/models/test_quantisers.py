"""Quantised checkpoints as transformers saves them: counted, named, answered as plain `generate` does."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForImageTextToText

from ipllvm.engine.self_check import check
from ipllvm.errors import ModelUnavailable
from ipllvm.models import processors, quantisation, quantisers
from ipllvm.models.adapting import in_hand
from ipllvm.models.checkpoint import Checkpoint, inspect
from ipllvm.models.loading import load, sketch
from ipllvm.models.weight_files import WeightFiles
from ipllvm.perturbations.noise import LayerNoise
from ipllvm.perturbations.permutation import Permutation
from ipllvm.records import Target
from ipllvm.tests.models import four_bits
from ipllvm.tests.models.test_load_options import edited
from ipllvm.tests.tiny import make
from ipllvm.tests.tiny.contract import Both, samples
from ipllvm.tests.tiny.reference import Reference

INT8 = {"quant_method": "bitsandbytes", "load_in_8bit": True}
PICTURE = Image.new("RGB", (50, 40), "teal")
APART = ["model.vision_tower", "model.multi_modal_projector", "lm_head", "down_proj"]
"""Matrices of tiny models whose rows are no whole blocks of 64, which bitsandbytes can't run on a CPU."""


@pytest.mark.parametrize(
    ("settings", "rounded"),
    [
        (INT8, True),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, False),
        ({"quant_method": "torchao", "quant_type": {"default": {"_type": "Int8WeightOnlyConfig"}}}, False),
        ({"quant_method": "torchao", "quant_type": "int8_dynamic_activation_int8_weight"}, True),
        ({"quant_method": "torchao", "quant_type": "int8DynamicActivationInt8Weight"}, True),
        ({"quant_method": "quanto", "weights": "int8", "activations": None}, False),
        ({"quant_method": "quanto", "weights": "int8", "activations": "int8"}, True),
        ({"quant_method": "fp8", "activation_scheme": "dynamic"}, True),
        ({"quant_method": "fp8", "activation_scheme": "dynamic", "dequantize": True}, False),
        ({"config_groups": {"group_0": {"input_activations": {"num_bits": 8}}}}, True),
        ({"config_groups": {"group_0": {"input_activations": None, "weights": {"num_bits": 4}}}}, False),
        ({"config_groups": 3, "quant_type": 4, "weights": {}, "bits": []}, False),
    ],
)
def test_what_rounds_between_the_layers_is_known_by_its_settings(
    settings: dict[str, Any], rounded: bool
) -> None:
    assert quantisation.rounds_activations(settings) is rounded
    (note,) = quantisation.note(settings)
    assert note.startswith("its weights are quantised: ") and "\n" not in note


def test_a_plan_of_quantised_weights_counts_what_lies_in_the_files(tmp_path: Path) -> None:
    folder = edited(make("llava-llama", tmp_path / "int8"), quantization_config=INT8)
    plain = sketch(str(make("llava-llama", tmp_path / "plain")))
    model = sketch(str(folder))
    assert plain.stored == 0
    assert model.stored == sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    assert model.info().parameters == plain.info().parameters and model.rounds


def test_a_quantised_model_in_hand_says_so_and_counts_what_its_config_describes(tmp_path: Path) -> None:
    auto: Any = AutoModelForImageTextToText
    folder = make("llava-llama", tmp_path)
    model = auto.from_pretrained(folder, dtype=torch.float32)
    count = sum(each.numel() for each in model.parameters())
    model.config.quantization_config = INT8
    packed = model.model.language_model.layers[0].self_attn.q_proj
    packed.weight = torch.nn.Parameter(torch.zeros(3, dtype=torch.uint8), requires_grad=False)
    held = in_hand(model, processors.load(folder, "llava"))
    assert held.rounds and held.info().parameters == count
    assert held.notes[0] == "its weights are quantised: bitsandbytes, 8 bits"
    assert "may depend on its batch" in held.notes[1]


@pytest.mark.parametrize("method", [["gptq"], {}, 7, None, ""])
def test_a_method_that_is_no_name_is_one_that_nothing_reads(method: object) -> None:
    config = {"quantization_config": {"quant_method": method}}
    found = Checkpoint(Path("here"), "llava", WeightFiles((), {}), config)
    with pytest.raises(ModelUnavailable, match="in a way that transformers does not know"):
        quantisers.require_readable(found)


HELD: dict[str, tuple[dict[str, torch.Tensor], bool]] = {
    "nothing": ({}, False),
    "position_ids": ({"model.vision_tower.embeddings.position_ids": torch.arange(3)}, False),
    "weight_scale": ({"model.a.weight_scale": torch.ones(1)}, True),
    "weight_packed": ({"model.a.weight_packed": torch.ones(1, dtype=torch.int32)}, True),
}
"""Beside plain weights: what a file holds, and whether it shows a quantiser."""


@pytest.mark.parametrize("beside", HELD)
def test_a_quantiser_that_nothing_shows_is_refused(beside: str, tmp_path: Path) -> None:
    folder = edited(make("llava-llama", tmp_path), quantization_config={"quant_method": "mxfp4"})
    auto: Any = AutoModelForImageTextToText
    model = auto.from_config(AutoConfig.from_pretrained(folder))
    path, (more, shown) = folder / "model.safetensors", HELD[beside]
    save_file(load_file(path) | more, path, metadata={"format": "pt"})
    found = inspect(folder)
    if shown:
        quantisers.require_shown(found, model)
        return
    with pytest.raises(ModelUnavailable, match=r"a quantiser \(mxfp4\) and its weights are plain numbers"):
        quantisers.require_shown(found, model)
    model.lm_head.weight = type("Packed", (torch.nn.Parameter,), {})(torch.zeros(3))
    quantisers.require_shown(found, model)


@pytest.mark.slow
def test_plain_weights_are_not_called_quantised(tmp_path: Path) -> None:
    if find_spec("accelerate") is None:
        pytest.skip("it needs accelerate")
    folder = edited(make("llava-llama", tmp_path), quantization_config={"quant_method": "mxfp4"})
    with pytest.raises(ModelUnavailable, match="remove quantization_config"):
        load(str(folder), device="cpu")


def test_what_is_packed_until_the_first_pass_is_unpacked(tmp_path: Path) -> None:
    auto: Any = AutoModelForImageTextToText
    folder = make("llava-llama", tmp_path)
    model, unpacked = auto.from_pretrained(folder, dtype=torch.float32), []
    model.register_forward_pre_hook(lambda module, args: unpacked.append(module))
    held = in_hand(model, processors.load(folder, "llava"))
    assert unpacked == [], "a model without a quantiser is left alone"
    model.config.quantization_config = {"quant_method": "compressed-tensors"}
    held = in_hand(model, processors.load(folder, "llava"))
    assert unpacked == [model] and held.notes


def _compressed(model: Any, preset: str, group: int | None) -> dict[str, Any]:
    """What config.json says of a model whose decoder's matrices are packed in place by compressed-tensors."""
    quantization: Any = import_module("compressed_tensors.quantization")
    compressors: Any = import_module("compressed_tensors.compressors")
    scheme = quantization.preset_name_to_scheme(preset, ["Linear"])
    scheme.weights.group_size = group or scheme.weights.group_size
    apart = _apart(model)
    settings = quantization.QuantizationConfig(config_groups={"all": scheme}, ignore=apart)
    quantization.apply_quantization_config(model, settings)
    for each in model.modules():
        if getattr(each, "quantization_scheme", None) is None:
            continue
        rows = each.weight.view(len(each.weight), -1, group or each.weight.shape[1])
        scale, zero = quantization.utils.calculate_qparams(rows.amin(-1), rows.amax(-1), scheme.weights)
        each.weight_scale.data = scale.to(each.weight_scale.dtype)
        if getattr(each, "weight_zero_point", None) is not None:
            each.weight_zero_point.data = zero.to(each.weight_zero_point.dtype)
    packed = compressors.ModelCompressor.from_pretrained_model(model)
    packed.compress_model(model)
    found = packed.quantization_config.model_dump(exclude_none=True, mode="json")
    stored = {"quantization_status": "compressed", "quant_method": "compressed-tensors"}
    return {**found, "ignore": apart, **stored}


def _apart(model: Any) -> list[str]:
    """Every matrix but those of the decoder's layers."""
    linears = (name for name, each in model.named_modules() if isinstance(each, torch.nn.Linear))
    return sorted(name for name in linears if ".layers." not in name or "vis" in name)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("family", ["llava-llama", "qwen2_vl"])
@pytest.mark.parametrize("method", ["gptq", "awq"])
def test_four_bits_answer_as_transformers_does(family: str, method: str, tmp_path: Path) -> None:
    if any(find_spec(package) is None for package in ("gptqmodel", "optimum", "accelerate", "datasets")):
        pytest.skip("it needs gptqmodel, optimum and accelerate")
    folder = make(family, tmp_path)
    path, plain = folder / "model.safetensors", sketch(str(folder))
    apart = _apart(plain._model)  # type: ignore[attr-defined]
    store = four_bits.gptq if method == "gptq" else four_bits.awq
    held: dict[str, torch.Tensor] = {}
    for name, value in load_file(path).items():
        if ".layers." in name and "vis" not in name and name.endswith("_proj.weight"):
            bare = name.removesuffix("weight")
            held |= {bare + part: each.contiguous() for part, each in store(value.float()).items()}
        else:
            held[name] = value
    save_file(held, path, metadata={"format": "pt"})
    settings = {"quant_method": method, "bits": 4, "group_size": four_bits.GROUP, "desc_act": False}
    own = {"sym": True, "checkpoint_format": "gptq"}
    if method == "awq":
        own = {"zero_point": True, "version": "gemm", "modules_to_not_convert": apart}
    edited(folder, quantization_config={**settings, **own})
    _require_as_transformers(folder)


def _require_as_transformers(folder: Path) -> None:
    """A quantised checkpoint answers as transformers' own load: clean, permuted, with noise at a layer."""
    auto: Any = AutoModelForImageTextToText
    model = load(str(folder), device="cpu")
    theirs = auto.from_pretrained(folder, dtype=torch.float32, device_map="cpu").eval()
    reference = Reference(theirs, processors.load(folder, model.info().family))
    noise = LayerNoise(1, "symmetric", 0.5, 0.6, Target.IMAGE, generated=False)
    assert Both(model, reference).require_equal(samples(1), [Permutation(), noise], 1)
    assert model.notes[0].startswith("its weights are quantised: ")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("family", ["llava-llama", "qwen2_vl"])
@pytest.mark.parametrize(("preset", "group"), [("W4A16", 32), ("W8A8", None), ("FP8_DYNAMIC", None)])
def test_what_compressed_tensors_packs_answers_as_transformers_does(
    family: str, preset: str, group: int | None, tmp_path: Path
) -> None:
    if find_spec("compressed_tensors") is None or find_spec("accelerate") is None:
        pytest.skip("it needs compressed-tensors and accelerate")
    auto: Any = AutoModelForImageTextToText
    folder = make(family, tmp_path)
    made = auto.from_pretrained(folder, dtype=torch.float32)
    settings = _compressed(made, preset, group)
    made.save_pretrained(folder)
    edited(folder, quantization_config=settings)
    _require_as_transformers(folder)


def _configs() -> dict[str, tuple[str, Any]]:
    """Quantisers that run on a CPU: the package that each needs, and how it is set."""

    kinds: Any = transformers

    def four(kind: str, double: bool) -> Any:
        return kinds.BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type=kind, bnb_4bit_use_double_quant=double,
            bnb_4bit_compute_dtype=torch.float32, llm_int8_skip_modules=APART,
        )  # fmt: skip

    def ao(name: str) -> Any:
        quantization: Any = import_module("torchao.quantization")
        return kinds.TorchAoConfig(getattr(quantization, name)())

    return {
        "LLM.int8": ("bitsandbytes", lambda: kinds.BitsAndBytesConfig(load_in_8bit=True)),
        "nf4": ("bitsandbytes", lambda: four("nf4", False)),
        "fp4, double": ("bitsandbytes", lambda: four("fp4", True)),
        "Int8WeightOnly": ("torchao", lambda: ao("Int8WeightOnlyConfig")),
        "W8A8": ("torchao", lambda: ao("Int8DynamicActivationInt8WeightConfig")),
    }


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("family", "kind"),
    [
        *(("llava-llama", kind) for kind in _configs()),
        ("qwen2_vl", "LLM.int8"),
        ("qwen2_vl", "Int8WeightOnly"),
    ],
)
def test_a_quantised_checkpoint_answers_as_transformers_does(family: str, kind: str, tmp_path: Path) -> None:
    package, config = _configs()[kind]
    if find_spec(package) is None or find_spec("accelerate") is None:
        pytest.skip(f"it needs {package} and accelerate")
    auto: Any = AutoModelForImageTextToText
    plain = make(family, tmp_path / "plain")
    options = {"dtype": torch.float32, "device_map": "cpu"}
    made = auto.from_pretrained(plain, quantization_config=config(), **options)
    folder = make(family, tmp_path / "quantised")
    made.save_pretrained(folder)
    model = load(str(folder), device="cpu")
    name = model.info().family
    reference = Reference(auto.from_pretrained(folder, **options).eval(), processors.load(folder, name))
    noise = LayerNoise(1, "symmetric", 0.5, 0.6, Target.IMAGE, generated=False)
    if model.rounds:  # a near tie may fall otherwise, as the check before a run knows
        checked = check(model, samples(1))
        assert checked is not None and checked.rounds
        checked.require()
    else:
        assert Both(model, reference).require_equal(samples(1), [Permutation(), noise], 1)
    assert model.info().parameters == sketch(str(plain)).info().parameters
    assert model.notes[0].startswith("its weights are quantised: ")
    held = in_hand(made, reference.processor)
    assert held.notes[0] == model.notes[0] and held.rounds is model.rounds
