"""Models that are in memory already, and LoRA adapters."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import AutoModelForImageTextToText

from ipllvm.errors import ModelUnavailable
from ipllvm.models import lora, processors
from ipllvm.models.adapting import in_hand
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.load_options import LoadOptions
from ipllvm.models.loading import load
from ipllvm.tests.decoded import greedy
from ipllvm.tests.tiny import make

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
"""Of peft, about transformers."""
PROJECTION = "model.language_model.layers.1.self_attn.q_proj"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("llava-llama", tmp_path_factory.mktemp("checkpoints") / "llava")


@pytest.fixture
def objects(folder: Path) -> tuple[Any, Any]:
    auto: Any = AutoModelForImageTextToText
    model = auto.from_pretrained(folder, dtype=torch.float32).requires_grad_(False)
    return model, processors.load(folder, "llava")


@torch.inference_mode()
def answer(model: VisionLanguageModel) -> tuple[int, ...]:
    prepared = model.prepare([Image.new("RGB", (50, 40), "teal")], "what?")
    visual = model.pack(model.projected([prepared])[0], prepared)
    return greedy(model, [model.embed(prepared, visual)], 6)[0]


def test_a_model_in_hand_answers_as_its_folder_does(folder: Path, objects: tuple[Any, Any]) -> None:
    held = in_hand(*objects, name="mine")
    assert answer(held) == answer(load(str(folder), device="cpu"))
    assert held.info().name == "mine" and len(held.fingerprint) == 64
    assert not held._model.training  # type: ignore[attr-defined]


def test_what_gives_no_answers_is_told(objects: tuple[Any, Any]) -> None:
    model, processor = objects
    for what in (model.model, processor):
        with pytest.raises(ModelUnavailable, match=f"mine: a {type(what).__name__} gives no answers"):
            in_hand(what, processor, name="mine")
    with torch.device("meta"):
        outline = type(model)(model.config)
    with pytest.raises(ModelUnavailable, match=r"mine: model\..* is on the device meta, without numbers"):
        in_hand(outline, processor, name="mine")


def test_its_fingerprint_is_that_of_its_tensors_and_its_template(objects: tuple[Any, Any]) -> None:
    model, processor = objects
    first = in_hand(model, processor).fingerprint
    assert in_hand(model, processor).fingerprint == first
    model.get_submodule(PROJECTION).weight[0, 0] += 1e-6
    changed = in_hand(model, processor).fingerprint
    processor.chat_template += " "
    assert len({first, changed, in_hand(model, processor).fingerprint}) == 3


def _ends_earlier(model: Any, processor: Any) -> None:
    model.generation_config.eos_token_id = 5


def _knows_a_word_more(model: Any, processor: Any) -> None:
    processor.tokenizer.add_tokens(["zebra"])


def _pads_on_the_other_side(model: Any, processor: Any) -> None:
    sides = {"left": "right", "right": "left"}
    processor.tokenizer.padding_side = sides[processor.tokenizer.padding_side]


def _begins_otherwise(model: Any, processor: Any) -> None:
    processor.tokenizer.bos_token = processor.tokenizer.convert_ids_to_tokens(7)


def _shrinks_pictures(model: Any, processor: Any) -> None:
    processor.image_processor.resample = 0


@pytest.mark.parametrize(
    "change",
    [_ends_earlier, _knows_a_word_more, _pads_on_the_other_side, _begins_otherwise, _shrinks_pictures],
)
def test_what_an_answer_depends_on_is_in_its_fingerprint(change: Any, objects: tuple[Any, Any]) -> None:
    """Or the answers of before would be taken for those of now."""
    model, processor = objects
    first = in_hand(model, processor).fingerprint
    processor.tokenizer(["a", "b c"], padding=True, truncation=True, max_length=9)
    assert in_hand(model, processor).fingerprint == first, "a call is no setting"
    change(model, processor)
    assert in_hand(model, processor).fingerprint != first


def test_what_cannot_be_measured_is_refused_in_one_line(objects: tuple[Any, Any]) -> None:
    model, processor = objects
    processor.chat_template = None
    with pytest.raises(ModelUnavailable, match="no chat template: set processor"):
        in_hand(model, processor)
    model.config.model_type = "llavva"
    with pytest.raises(ModelUnavailable, match="model type 'llavva' is not supported"):
        in_hand(model, processor)


def adapter(folder: Path, name: str = PROJECTION) -> tuple[Path, torch.Tensor]:
    """A LoRA adapter of rank 2 on one projection, and what it adds to the weight."""
    folder.mkdir()
    low, high = torch.randn(2, 64), torch.randn(64, 2)
    config = {
        "peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": [PROJECTION], "bias": "none",
        "base_model_name_or_path": "base", "inference_mode": True,
    }  # fmt: skip
    (folder / lora.CONFIG).write_text(json.dumps(config), encoding="utf-8")
    parts = {f"base_model.model.{name}.lora_A.weight": low, f"base_model.model.{name}.lora_B.weight": high}
    save_file(parts, folder / lora.WEIGHTS)
    return folder, 2 * high @ low


def test_an_adapter_is_merged_and_named(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    place, added = adapter(tmp_path / "tuned")
    base = load(str(folder), device="cpu")
    tuned = load(str(folder), device="cpu", how=LoadOptions(adapter=str(place)))
    weights = [m._model.get_submodule(PROJECTION).weight for m in (base, tuned)]  # type: ignore[attr-defined]
    torch.testing.assert_close(weights[1], weights[0] + added)
    assert tuned.fingerprint != base.fingerprint
    assert answer(tuned) != answer(base)
    assert "the adapter tuned (LoRA, rank 2) is merged into its weights" in tuned.notes


SOME: dict[str, Any] = {"r": 2, "target_modules": ["q_proj", "down_proj"]}
KINDS: dict[str, tuple[str, dict[str, Any], str]] = {
    "rsLoRA": ("LoraConfig", {**SOME, "use_rslora": True}, "rank-stabilised LoRA, rank 2"),
    "DoRA": ("LoraConfig", {**SOME, "use_dora": True}, "DoRA, rank 2"),
    "whole modules": ("LoraConfig", {**SOME, "modules_to_save": ["lm_head"]}, "LoRA, rank 2"),
    "biases": ("LoraConfig", {**SOME, "bias": "lora_only"}, "LoRA, rank 2"),
    "embeddings": ("LoraConfig", {"r": 2, "target_modules": ["embed_tokens"]}, "LoRA, rank 2"),
    "ranks by pattern": ("LoraConfig", {**SOME, "rank_pattern": {"q_proj": 4}}, "LoRA, rank 2"),
    "IA3": ("IA3Config", {"target_modules": ["k_proj"], "feedforward_modules": []}, "IA3"),
    "LoHa": ("LoHaConfig", SOME, "LOHA, rank 2"),
    "shared by all layers": ("VeraConfig", {"r": 2, "target_modules": ["q_proj"]}, "VERA, rank 2"),
    "a bank of vectors": (
        "VBLoRAConfig",
        {
            "r": 2,
            "num_vectors": 8,
            "vector_length": 8,
            "topk": 2,
            "target_modules": ["q_proj"],
        },
        "VBLORA, rank 2",
    ),
    "ranks that are chosen": (
        "AdaLoraConfig",
        {
            "init_r": 4,
            "target_r": 2,
            "total_step": 10,
            "target_modules": ["q_proj"],
        },
        "ADALORA, rank 8",
    ),
    "sparse": ("ShiraConfig", {"r": 2, "target_modules": ["q_proj"]}, "SHIRA, rank 2"),
}


@torch.inference_mode()
def logits(model: Any, processor: Any) -> torch.Tensor:
    picture = Image.new("RGB", (50, 40), "teal")
    fields = processor(images=[picture], text="USER: <image> what? ASSISTANT:", return_tensors="pt")
    found: torch.Tensor = model(**fields).logits[0, -1]
    return found


@pytest.mark.filterwarnings(
    "ignore:Could not find a config file", "ignore:Setting `save_embedding_layers`", "ignore:Sparse invariant"
)
@pytest.mark.parametrize("kind", KINDS)
def test_what_peft_can_merge_says_what_it_says_beside_the_weights(
    kind: str, folder: Path, objects: tuple[Any, Any], tmp_path: Path
) -> None:
    peft: Any = pytest.importorskip("peft")
    name, settings, named = KINDS[kind]
    wrapped = peft.get_peft_model(objects[0], getattr(peft, name)(**settings)).eval()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        for weight in (each for each in wrapped.parameters() if each.requires_grad):
            weight += 0.05 * torch.randn_like(weight)
    wrapped.save_pretrained(tmp_path / "tuned")
    found: Any = load(str(folder), device="cpu", how=LoadOptions(adapter=str(tmp_path / "tuned")))
    assert f"the adapter tuned ({named}) is merged into its weights" in found.notes
    plain: Any = load(str(folder), device="cpu")
    wanted, own, before = (logits(each, objects[1]) for each in (wrapped, found._model, plain._model))
    torch.testing.assert_close(own, wanted, atol=1e-4, rtol=1e-4)
    assert (own - before).abs().max() > 0.01


def test_what_peft_can_not_merge_says_so_and_what_to_do(
    folder: Path, objects: tuple[Any, Any], tmp_path: Path
) -> None:
    peft: Any = pytest.importorskip("peft")
    wrapped = peft.get_peft_model(objects[0], peft.PolyConfig(r=2, target_modules=["q_proj"]))
    wrapped.save_pretrained(tmp_path / "poly")
    with pytest.raises(
        ModelUnavailable, match=r"peft can't merge it \(POLY\).*measure a kind that peft merges"
    ):
        load(str(folder), device="cpu", how=LoadOptions(adapter=str(tmp_path / "poly")))


@pytest.mark.filterwarnings("ignore:Found missing adapter keys")
def test_an_adapter_without_some_of_its_tensors_is_refused(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    place, _ = adapter(tmp_path / "cut")
    config = json.loads((place / lora.CONFIG).read_text("utf-8"))
    config["target_modules"].append(PROJECTION.replace("q_proj", "v_proj"))
    (place / lora.CONFIG).write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(
        ModelUnavailable, match=r"2 tensors that its adapter_config\.json asks for are not in"
    ):
        load(str(folder), device="cpu", how=LoadOptions(adapter=str(place)))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ('{"peft_type": "PREFIX_TUNING"}', "it is PREFIX_TUNING, which changes no weights"),
        ('{"r": 4}', "it names no peft_type"),
        ("[1]", "not a JSON object"),
        ('{"r": 4', "not readable as JSON"),
    ],
)
def test_what_can_not_be_merged_says_why(config: str, said: str, folder: Path, tmp_path: Path) -> None:
    (tmp_path / lora.CONFIG).write_text(config, encoding="utf-8")
    (tmp_path / lora.WEIGHTS).write_bytes(b"")
    with pytest.raises(ModelUnavailable, match=said):
        load(str(folder), device="cpu", how=LoadOptions(adapter=str(tmp_path)))


@pytest.mark.filterwarnings("ignore:Found missing adapter keys")
def test_an_adapter_of_another_model_is_refused(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    place, _ = adapter(tmp_path / "other", "model.decoder.layers.1.self_attn.q_proj")
    with pytest.raises(ModelUnavailable, match="2 of its 2 tensors have no place in the model"):
        load(str(folder), device="cpu", how=LoadOptions(adapter=str(place)))


def test_what_is_no_adapter_is_refused_before_weights_are_read(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="it has no adapter_config"):
        load(str(folder), device="cpu", how=LoadOptions(adapter=str(tmp_path)))
    (tmp_path / lora.CONFIG).write_text("{}", encoding="utf-8")
    (tmp_path / "adapter_model.bin").write_bytes(b"")
    with pytest.raises(ModelUnavailable, match=r"it has no adapter_model\.safetensors"):
        load(str(folder), device="cpu", how=LoadOptions(adapter=str(tmp_path)))
