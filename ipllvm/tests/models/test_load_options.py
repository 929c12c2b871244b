"""How a checkpoint is read: revisions, code of its own, device maps, quantisers."""

import json
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import AutoModelForImageTextToText

from ipllvm.errors import ModelUnavailable, UnknownName, UsageError
from ipllvm.models import checkpoint, layer_hooks, quantisers, sources
from ipllvm.models.load_options import LoadOptions
from ipllvm.models.loading import load, sketch
from ipllvm.models.weights import read_weights
from ipllvm.models.whole import WholeModel
from ipllvm.tests.tiny import make

CODE = """from transformers import LlavaConfig, LlavaForConditionalGeneration
class StrangeConfig(LlavaConfig):
    model_type = "strange_vl"
class StrangeModel(LlavaForConditionalGeneration):
    config_class = StrangeConfig
"""
TRUST = LoadOptions(trust_remote_code=True)
PICTURE = Image.new("RGB", (50, 40), "teal")


def edited(folder: Path, **changes: Any) -> Path:
    """The folder with other values in config.json."""
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), encoding="utf-8")
    return folder


@pytest.fixture
def strange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint of a type that nobody knows, with code for it."""
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.syspath_prepend(tmp_path / "modules")
    folder = make("llava-llama", tmp_path / "strange")
    tensors = load_file(folder / "model.safetensors")  # names of older releases are known families' only
    tensors["lm_head.weight"] = tensors.pop("language_model.lm_head.weight")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "strange.py").write_text(CODE, encoding="utf-8")
    names = {"AutoConfig": "strange.StrangeConfig", "AutoModelForImageTextToText": "strange.StrangeModel"}
    return edited(folder, model_type="strange_vl", architectures=["StrangeModel"], auto_map=names)


def test_code_of_a_checkpoint_runs_only_where_it_is_trusted(strange: Path) -> None:
    with pytest.raises(ModelUnavailable, match="brings code of its own, which --trust-remote-code runs"):
        load(str(strange), device="cpu")
    model = load(str(strange), device="cpu", how=TRUST)
    assert isinstance(model, WholeModel)
    assert model.notes[0].startswith(checkpoint.RAN_CODE)
    (said,) = model.answers([([PICTURE], "what?")], 6)
    plain = load(str(make("llava-llama", strange.parent / "plain")), device="cpu")
    assert said.tokens == plain.pipeline_answer([PICTURE], "what?", 6)


@pytest.mark.parametrize("before", ["said[:, :0]", "torch.zeros(1, 1, dtype=torch.long)"])
def test_code_that_returns_an_answer_without_its_prompt(strange: Path, before: str) -> None:
    decodes = "zeros" in before  # as a decoder behind an encoder, whose first token stands for the prompt
    code = f"""import torch
{CODE}
    def generate(self, input_ids, **named):
        self.config.is_encoder_decoder = False
        said = super().generate(input_ids=input_ids, **named)[:, input_ids.shape[1]:]
        self.config.is_encoder_decoder = {decodes}
        return torch.cat([{before}, said], 1)
"""
    (strange / "strange.py").write_text(code, encoding="utf-8")
    model = load(str(strange), device="cpu", how=TRUST)
    assert isinstance(model, WholeModel)
    plain = load(str(make("llava-llama", strange.parent / "plain")), device="cpu")
    for limit in (2, 6):
        (said,) = model.answers([([PICTURE], "what?")], limit)
        assert said.tokens == plain.pipeline_answer([PICTURE], "what?", limit)


def test_its_code_is_a_part_of_its_fingerprint(strange: Path) -> None:
    first = checkpoint.inspect(strange, remote_code=True).fingerprint()
    (strange / "strange.py").write_text(CODE + "# other\n", encoding="utf-8")
    assert checkpoint.inspect(strange, remote_code=True).fingerprint() != first


def test_code_of_a_repository_is_fetched_where_it_is_trusted(
    strange: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[tuple[str, ...]] = []

    def snapshot(repository: str, *, local: bool, wanted: tuple[str, ...] = (), revision: str = "") -> Path:
        fetched.append(wanted)
        return strange

    monkeypatch.setattr(sources, "_snapshot", snapshot)
    with pytest.raises(ModelUnavailable, match="which --trust-remote-code runs"):
        sources.resolve("org/strange")
    assert sources.resolve("org/strange", offline=True, code=True) == strange, "it is complete"
    (strange / "strange.py").unlink()
    fetched.clear()
    assert sources.resolve("org/strange", code=True) == strange
    assert "*.py" in fetched[-1]


@pytest.mark.parametrize("file", ["config.json", "processor_config.json", "tokenizer_config.json"])
@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("org/other--strange.StrangeConfig", "code of another repository"),
        ("absent.StrangeConfig", "code that is not in the folder"),
        ("../strange.StrangeConfig", "code that is not in the folder"),
        ("strange", "code that is not in the folder"),
        (["strange.StrangeConfig", None, "absent.Fast"], r"not in the folder \(absent.Fast\)"),
    ],
)
def test_code_that_is_elsewhere_is_refused(file: str, named: Any, why: str, strange: Path) -> None:
    known = json.loads((strange / file).read_text("utf-8")) if (strange / file).is_file() else {}
    known["auto_map"] = {**known.get("auto_map", {}), "AutoConfig": named}
    (strange / file).write_text(json.dumps(known), encoding="utf-8")
    with pytest.raises(ModelUnavailable, match=why):
        checkpoint.inspect(strange, remote_code=True)


def test_code_of_a_checkpoint_leaves_the_process_as_it_was(strange: Path) -> None:
    def state() -> list[Any]:
        own = [Path.cwd(), torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled()]
        return [
            *own,
            torch.get_num_threads(),
            torch.are_deterministic_algorithms_enabled(),
            warnings.filters[0],
        ]

    sets = (
        "import os, torch, warnings",
        "os.chdir('/')",
        "warnings.simplefilter('error')",
        "torch.set_default_dtype(torch.float64)",
        "torch.set_grad_enabled(False)",
        "torch.set_num_threads(torch.get_num_threads() + 1)",
        "torch.use_deterministic_algorithms(True)",
    )
    (strange / "strange.py").write_text("\n".join([*sets, CODE]), encoding="utf-8")
    before = state()
    load(str(strange), device="cpu", how=TRUST)
    assert state() == before
    sketch(str(strange), how=TRUST)
    assert state() == before
    (strange / "strange.py").write_text("import os\nos.chdir('/')\nraise SystemExit", encoding="utf-8")
    with pytest.raises(ModelUnavailable, match=r"its config\.json can't be used"):
        load(str(strange), device="cpu", how=TRUST)
    assert state() == before


def test_eight_bit_weights_without_scales_are_noted(tmp_path: Path) -> None:
    folder = make("llava-llama", tmp_path)
    tensors = load_file(folder / "model.safetensors")
    for name in [each for each in tensors if each.endswith("q_proj.weight")][:3]:
        tensors[name] = tensors[name].to(torch.float8_e4m3fn)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    noted = [note for note in load(str(folder), device="cpu").notes if "F8_E4M3" in note]
    assert noted == ["3 weights are stored in 8 bits (F8_E4M3) without scales, and read as they are"]


def test_code_that_deletes_the_working_folder_is_told_in_a_line(
    strange: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    sets = f"import os, torch\nos.rmdir({str(here)!r})\ntorch.set_default_dtype(torch.float64)\n"
    (strange / "strange.py").write_text(sets + CODE, encoding="utf-8")
    with pytest.raises(ModelUnavailable, match=r"here: the working folder is gone .*in another folder"):
        load(str(strange), device="cpu", how=TRUST)
    assert torch.get_default_dtype() == torch.float32
    with pytest.raises(UsageError, match="the working folder is gone"):
        load(str(strange), device="cpu", how=TRUST)


def test_code_that_makes_no_model_that_answers_is_refused(strange: Path) -> None:
    edited(strange, auto_map={"AutoConfig": "strange.StrangeConfig", "AutoModel": "strange.StrangeModel"})
    with pytest.raises(ModelUnavailable, match="its own code makes no model that answers"):
        load(str(strange), device="cpu", how=TRUST)


def test_code_beside_a_known_family_is_not_run(tmp_path: Path) -> None:
    folder = edited(make("llava-llama", tmp_path / "known"), auto_map={"AutoConfig": "boom.Boom"})
    (folder / "boom.py").write_text("raise SystemExit('ran')", encoding="utf-8")
    model = load(str(folder), device="cpu", how=TRUST)
    assert not isinstance(model, WholeModel)
    assert "config.json names code of its own (auto_map), which is not run" in model.notes


def test_code_elsewhere_beside_a_known_family_is_no_reason_to_refuse_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = edited(make("llava-llama", tmp_path / "known"), auto_map={"AutoConfig": "org/other--boom.Boom"})
    monkeypatch.setattr(sources, "_snapshot", lambda *_, **__: folder)
    monkeypatch.setattr(sources, "_cached", lambda *_: None)
    assert sources.resolve("org/known", code=True) == folder


def test_a_revision_is_found_in_the_cache_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    place = tmp_path / "models--org--tiny"
    for name, commit in (("main", "a" * 40), ("v2", "b" * 40)):
        make("llava-llama", place / "snapshots" / commit)
        (place / "refs").mkdir(exist_ok=True)
        (place / "refs" / name).write_text(commit, encoding="utf-8")
    monkeypatch.setattr("huggingface_hub._snapshot_download.constants.HF_HUB_CACHE", str(tmp_path))
    found = {name: sources.resolve("org/tiny", True, name) for name in ("", "v2", "b" * 40)}
    assert [found[name].name[0] for name in found] == ["a", "b", "b"]
    model = load("org/tiny", device="cpu", offline=True, how=LoadOptions(revision="v2"))
    assert f"org/tiny on the hub, revision {'b' * 40}" in model.notes
    with pytest.raises(ModelUnavailable, match="hf download org/tiny --revision v3"):
        sources.resolve("org/tiny", True, "v3")


@pytest.mark.parametrize("name", ["llava-tiny", "."])
def test_what_is_no_repository_has_no_revision(name: str) -> None:
    with pytest.raises(UsageError, match="is not a repository on the hub"):
        sources.resolve(name, True, "v1")


def test_a_device_map_is_checked_before_anything_is_read() -> None:
    with pytest.raises(UnknownName, match="did you mean 'balanced'"):
        load("llava-tiny", how=LoadOptions(device_map="ballanced"))
    if find_spec("accelerate") is None:
        with pytest.raises(ModelUnavailable, match="pip install accelerate"):
            load("llava-tiny", how=LoadOptions(device_map="auto"))


@pytest.mark.parametrize("option", ["device_map", "adapter", "prompt_template", "revision"])
def test_a_planted_model_is_read_from_nothing(option: str) -> None:
    given: dict[str, Any] = {option: "auto"}
    named = option.replace("_", "-")
    with pytest.raises(UsageError, match=f"--{named}: planted:invariant is planted, and has no files"):
        load("planted:invariant", how=LoadOptions(**given))


def test_what_names_classes_runs_on_one_device() -> None:
    with pytest.raises(UsageError, match="--device-map auto: clip-tiny names classes, and runs on"):
        sketch("clip-tiny", how=LoadOptions(device_map="auto"))


def test_a_module_whose_forward_is_wrapped_gets_it_back() -> None:
    """As accelerate wraps those of a model that is spread over devices."""
    found = checkpoint.inspect(sources.resolve("llava-tiny", True))
    model = read_weights(found, AutoModelForImageTextToText, torch.float32)
    decoder = layer_hooks.with_layers(model.get_decoder())
    calls: list[int] = []
    usual = decoder.layers[0].forward

    def wrapped(*args: Any, **named: Any) -> Any:
        calls.append(1)
        return usual(*args, **named)

    decoder.layers[0].forward = wrapped
    hidden = torch.zeros(1, 3, decoder.config.hidden_size)
    with layer_hooks.entered_at(decoder, 1, hidden):
        decoder(inputs_embeds=hidden)
    assert not calls
    decoder(inputs_embeds=hidden)
    assert calls and decoder.layers[0].forward is wrapped


FP8 = {"quant_method": "fp8", "weight_block_size": [128, 128]}
QUANTISERS: dict[str, tuple[set[str], dict[str, Any], str]] = {
    "fp8": (set(), FP8, r"\(fp8\), and accelerate reads them: pip install accelerate$"),
    "bitsandbytes": ({"accelerate"}, {"quant_method": "bitsandbytes", "load_in_8bit": True}, (
        r"\(bitsandbytes, 8 bits\), and bitsandbytes reads them: pip install bitsandbytes$")),
    "no method named": ({"accelerate"}, {"load_in_4bit": True}, r"pip install bitsandbytes$"),
    "gptq": (set(), {"quant_method": "gptq", "bits": 4, "group_size": 128}, (
        r"and gptqmodel and optimum and accelerate read them: pip install gptqmodel optimum accelerate$")),
    "awq": ({"accelerate"}, {"quant_method": "awq", "bits": 4}, r"pip install gptqmodel$"),
    "part of a package": ({"accelerate"}, {"quant_method": "quanto", "weights": "int8"}, (
        r"pip install optimum-quanto$")),
    "imported otherwise": ({"accelerate"}, {"quant_method": "compressed-tensors"}, (
        r"pip install compressed-tensors$")),
}  # fmt: skip


@pytest.mark.parametrize("kind", QUANTISERS)
def test_a_quantiser_whose_package_is_missing_names_what_to_install(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed, settings, line = QUANTISERS[kind]
    monkeypatch.setattr(quantisers, "find_spec", lambda name: True if name in installed else None)
    folder = edited(make("llava-llama", tmp_path / "quantised"), quantization_config=settings)
    with pytest.raises(ModelUnavailable, match=line) as caught:
        load(str(folder), device="cpu")
    assert "\n" not in str(caught.value)


def test_a_part_of_a_package_that_is_missing_is_missing() -> None:
    assert not quantisers._installed("a-package.that-is-not-here")
    assert quantisers._installed("torch") and quantisers._installed("safetensors.torch")


@pytest.mark.parametrize("stored", ["alike", "another"])
def test_a_head_that_is_stored_beside_its_tied_embeddings_is_told_where_it_is_another(
    stored: str, tmp_path: Path
) -> None:
    folder = make("llava-llama", tmp_path / stored)
    tensors = load_file(folder / "model.safetensors")
    words = next(name for name in tensors if name.endswith("embed_tokens.weight"))
    head = next(name for name in tensors if name.endswith("lm_head.weight"))
    tensors[head] = tensors[words].clone()
    if stored == "another":
        tensors[head][3, 5] += 1e-3
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    text = json.loads((folder / "config.json").read_text("utf-8"))["text_config"]
    tied = {"tie_word_embeddings": True}
    edited(folder, text_config={**text, **tied}, **tied)
    told = [note for note in load(str(folder), device="cpu").notes if "another head" in note]
    assert len(told) == (stored == "another")


@pytest.mark.skipif(find_spec("accelerate") is None, reason="fp8 is dequantised with accelerate")
def test_fp8_weights_are_dequantised_on_a_cpu_and_named(tmp_path: Path) -> None:
    plain = make("llava-llama", tmp_path / "plain")
    folder = make("llava-llama", tmp_path / "fp8")
    tensors = load_file(folder / "model.safetensors")
    for name in [n for n in tensors if "language_model.layers" in n and n.endswith("proj.weight")]:
        scale = tensors[name].abs().max() / 448
        tensors[name] = (tensors[name] / scale).to(torch.float8_e4m3fn)
        tensors[name.replace("weight", "weight_scale_inv")] = scale.reshape(1, 1)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    skipped = ["vision_tower", "multi_modal_projector", "lm_head"]
    settings = {**FP8, "modules_to_not_convert": skipped}
    edited(folder, quantization_config=settings)
    own, quantised = load(str(plain), device="cpu"), load(str(folder), device="cpu")
    assert "its weights are quantised: fp8" in quantised.notes
    name = "model.language_model.layers.1.self_attn.q_proj"
    weights = [m._model.get_submodule(name).weight.float() for m in (own, quantised)]  # type: ignore[attr-defined]
    torch.testing.assert_close(*weights, atol=0.1, rtol=0.1)
    assert quantised.pipeline_answer([PICTURE], "what?", 6)
