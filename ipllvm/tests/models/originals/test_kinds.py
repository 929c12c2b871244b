"""Kinds of original checkpoints that no vectors stand for: how they are put together, and what is refused."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from ipllvm.errors import IpllvmError, ModelUnavailable, UnknownName, UsageError
from ipllvm.models.load_options import LoadOptions
from ipllvm.models.loading import load, sketch
from ipllvm.models.originals import templates
from ipllvm.models.originals.settings import OriginalSettings
from ipllvm.tests.checkpoints import make
from ipllvm.tests.models.originals.vectors import DATA, NAMES, logits, whole

pytestmark = pytest.mark.slow
PICTURE = Image.new("RGB", (70, 40), "teal")
V15, V16, QWEN, OV = NAMES


def changed(folder: Path, **fields: Any) -> Path:
    """A checkpoint with other fields in its config; those that are None are removed."""
    path = folder / "config.json"
    config = json.loads(path.read_text("utf-8")) | fields
    path.write_text(json.dumps({name: value for name, value in config.items() if value is not None}))
    return folder


def rewritten(folder: Path, change: Callable[[dict[str, Tensor]], dict[str, Tensor]]) -> Path:
    """A checkpoint with other weights."""
    path = folder / "model.safetensors"
    save_file(change(load_file(path)), path, metadata={"format": "pt"})
    return folder


def projected(layers: dict[str, Tensor]) -> Callable[[dict[str, Tensor]], dict[str, Tensor]]:
    """Another projector in place of the own."""
    kept = {f"model.mm_projector.{name}": value.half() for name, value in layers.items()}
    return lambda held: {n: v for n, v in held.items() if "mm_projector" not in n} | kept


def linear(place: str, seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    made = {"weight": torch.randn(32, 32, generator=generator), "bias": torch.randn(32, generator=generator)}
    return {f"{place}{name}": value / 5 for name, value in made.items()}


@torch.inference_mode()
@pytest.mark.parametrize("layers", [1, 3])
def test_any_number_of_linear_layers_projects(layers: int, tmp_path: Path) -> None:
    kind = "linear" if layers == 1 else f"mlp{layers}x_gelu"
    places = [""] if layers == 1 else [f"{2 * n}." for n in range(layers)]
    weights = {name: value for n, place in enumerate(places) for name, value in linear(place, n).items()}
    folder = rewritten(changed(whole(V15, tmp_path), mm_projector_type=kind), projected(weights))
    found = load(str(folder), device="cpu")
    prepared = found.prepare([PICTURE], "what?")
    (encoded,) = found.encode([prepared])
    expected = encoded.patches
    for number, place in enumerate(places):
        weight, bias = (weights[f"{place}{name}"].half().float() for name in ("weight", "bias"))
        expected = torch.nn.functional.gelu(expected) if number else expected
        expected = torch.nn.functional.linear(expected, weight, bias)
    assert torch.allclose(encoded.projected, expected, atol=1e-5)
    assert found.pipeline_answer([PICTURE], "what?", 3) is not None


def wider(held: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights with three more rows for words."""
    more = torch.full((3, 32), 0.1).half()
    names = ("model.embed_tokens.weight", "lm_head.weight")
    return held | {name: torch.cat([held[name], more]) for name in names}


def test_marks_stand_around_a_picture_and_are_words(tmp_path: Path) -> None:
    folder = changed(whole(V15, tmp_path), mm_use_im_start_end=True, mm_use_im_patch_token=True)
    with pytest.raises(ModelUnavailable, match="<im_start> is token 441 and its weights embed 440"):
        load(str(folder), device="cpu")
    found = load(str(rewritten(folder, wider)), device="cpu")
    prepared = found.prepare([PICTURE], "what?")
    places = prepared.visual.nonzero()[:, 0]
    around = prepared.input_ids[[int(places[0]) - 1, int(places[-1]) + 1]]
    assert around.tolist() == [441, 442], "<im_patch> is added first, and never asked with"


def test_a_class_token_is_projected_too_and_has_no_place(tmp_path: Path) -> None:
    folder = changed(whole(V15, tmp_path), mm_vision_select_feature="cls_patch", mm_vision_select_layer=-1)
    found = load(str(folder), device="cpu")
    prepared = found.prepare([PICTURE], "what?")
    layout = found.layout(prepared)
    assert int(prepared.visual.sum()) == len(layout) == 17
    assert layout.newline.tolist() == [True] + [False] * 16
    assert found.pipeline_answer([PICTURE], "what?", 3) is not None


@pytest.mark.parametrize("merge", ["flat", "spatial"])
def test_tiles_without_newlines(merge: str, tmp_path: Path) -> None:
    folder = rewritten(
        changed(whole(V16, tmp_path), mm_patch_merge_type=merge),
        lambda held: {n: v for n, v in held.items() if n != "model.image_newline"},
    )
    found = load(str(folder), device="cpu")
    prepared = found.prepare([PICTURE], "what?")
    assert prepared.tiles is not None
    assert int(prepared.visual.sum()) == 16 * len(prepared.tiles) == len(found.layout(prepared))
    (answer,) = [found.pipeline_answer([PICTURE], "what?", 4)]
    with torch.inference_mode():
        said = logits(found, PICTURE, "what?")  # type: ignore[arg-type]
    assert answer is not None and answer[0] == int(said[-1].argmax())


def test_states_of_several_layers_side_by_side(tmp_path: Path) -> None:
    def widened(held: dict[str, Tensor]) -> dict[str, Tensor]:
        first = held["model.mm_projector.0.weight"]
        return held | {"model.mm_projector.0.weight": torch.cat([first] * 4, 1)}

    folder = changed(
        whole(V15, tmp_path), mm_vision_select_feature="slicefour_patch", mm_vision_select_layer=-1
    )
    with pytest.raises(ModelUnavailable, match="does not lead from a tower of width 128"):
        load(str(folder), device="cpu")
    found = load(str(rewritten(folder, widened)), device="cpu")
    assert found.encode([found.prepare([PICTURE], "what?")])[0].patches.shape == (1, 16, 128)
    settings = OriginalSettings.of(changed(folder, mm_vision_select_layer=-2))
    assert settings.layers(25) == [4, 10, 16, 22]


@pytest.fixture
def vicuna(tmp_path: Path) -> Path:
    """The language model that v1.5 stands on."""
    folder = rewritten(
        whole(V15, tmp_path), lambda held: {n: v for n, v in held.items() if "mm_projector" not in n}
    )
    renamed = folder.rename(tmp_path / "vicuna")
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}
    path = renamed / "config.json"
    kept = {n: v for n, v in json.loads(path.read_text("utf-8")).items() if not n.startswith("mm_")}
    path.write_text(json.dumps(kept | config))
    return renamed


def test_an_adapter_is_merged_into_the_model_that_is_given(vicuna: Path, tmp_path: Path) -> None:
    folder = whole("llava-v1.5-tiny-lora", tmp_path)
    with pytest.raises(ModelUnavailable, match=r"a LoRA adapter: give the language model .* --base-model"):
        load(str(folder), device="cpu")
    with pytest.raises(ModelUnavailable, match=r"non_lora_trainables\.bin: a pickle.*--allow-pickle"):
        load(str(folder), device="cpu", how=LoadOptions(base_model=str(vicuna)))
    found = load(str(folder), device="cpu", how=LoadOptions(base_model=str(vicuna), allow_pickle=True))
    base, low = load_file(vicuna / "model.safetensors"), load_file(folder / "adapter_model.safetensors")
    name = "layers.1.mlp.down_proj"
    first, second = (low[f"base_model.model.model.{name}.lora_{part}.weight"].float() for part in "AB")
    expected = base[f"model.{name}.weight"].float() + 2.0 * (second @ first)
    inner = found._model.model.language_model  # type: ignore[attr-defined]
    assert torch.equal(inner.get_submodule(name).weight, expected)
    trained = torch.load(folder / "non_lora_trainables.bin", weights_only=True)
    bias = trained["base_model.model.model.mm_projector.2.bias"].float()
    assert torch.equal(found._projector[2].bias, bias)  # type: ignore[attr-defined]
    assert "a LoRA adapter of rank 4, merged into vicuna" in found.notes
    assert found.pipeline_answer([PICTURE], "what?", 3) is not None
    kept = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    (folder / "adapter_config.json").write_text(json.dumps(kept | {"lora_alpha": 16}))
    other = load(str(folder), device="cpu", how=LoadOptions(base_model=str(vicuna), allow_pickle=True))
    assert other.fingerprint != found.fingerprint


NO_PLAIN_SUM = {
    "use_dora": True, "fan_in_fan_out": True, "rank_pattern": {"down_proj": 2}, "init_lora_weights": "pissa",
    "alora_invocation_tokens": [5], "use_qalora": True, "r": 8, "lora_alpha": "16", "peft_type": "VERA",
}  # fmt: skip


def test_an_adapter_that_is_no_plain_sum_is_refused_and_says_why(vicuna: Path, tmp_path: Path) -> None:
    folder = whole("llava-v1.5-tiny-lora", tmp_path)
    path = folder / "adapter_config.json"
    right = json.loads(path.read_text("utf-8"))
    for name, value in NO_PLAIN_SUM.items():
        path.write_text(json.dumps(right | {name: value}))
        with pytest.raises(ModelUnavailable, match="of rank 8 to" if name == "r" else f"one rank: {name} "):
            load(str(folder), device="cpu", how=LoadOptions(base_model=str(vicuna), allow_pickle=True))


def test_an_adapter_of_another_model_is_refused(vicuna: Path, tmp_path: Path) -> None:
    folder = whole("llava-v1.5-tiny-lora", tmp_path)
    path = folder / "adapter_model.safetensors"
    held = load_file(path)
    save_file({n.replace("layers.1", "layers.7"): v for n, v in held.items()}, path)
    with pytest.raises(ModelUnavailable, match=r"no place in the base model, the first is .*layers\.7"):
        load(str(folder), device="cpu", how=LoadOptions(base_model=str(vicuna), allow_pickle=True))


def test_an_adapter_on_a_llava_keeps_what_it_does_not_bring(tmp_path: Path) -> None:
    base, folder = whole(V15, tmp_path), whole("llava-v1.5-tiny-lora", tmp_path)
    torch.save({}, folder / "non_lora_trainables.bin")
    found = load(str(folder), device="cpu", how=LoadOptions(base_model=str(base), allow_pickle=True))
    kept = load_file(base / "model.safetensors")["model.mm_projector.2.bias"].float()
    assert torch.equal(found._projector[2].bias, kept)  # type: ignore[attr-defined]
    linear = {f"base_model.model.{name}": value for name, value in linear_projector().items()}
    torch.save(linear, folder / "non_lora_trainables.bin")
    changed(folder, mm_projector_type="linear")
    found = load(str(folder), device="cpu", how=LoadOptions(base_model=str(base), allow_pickle=True))
    assert len(found._projector) == 1, "a projector of another type takes the place of the base's whole"  # type: ignore[attr-defined]


def linear_projector() -> dict[str, Tensor]:
    """A projector of one layer, as a trainer saves it."""
    return {f"model.mm_projector.{name}": value for name, value in linear("", 0).items()}


def test_tiles_take_one_picture(tmp_path: Path) -> None:
    found = load(str(whole(V16, tmp_path)), device="cpu")
    with pytest.raises(ValueError, match="takes one image a sample, got 2"):
        found.prepare([PICTURE, PICTURE], "what?")


def test_a_projector_alone_stands_on_a_model_too(vicuna: Path, tmp_path: Path) -> None:
    full = whole(V15, tmp_path)
    expected = load(str(full), device="cpu", how=LoadOptions(prompt_template="plain"))
    folder = tmp_path / "pretrained"
    folder.mkdir()
    (full / "config.json").rename(folder / "config.json")
    weights = {n: v for n, v in load_file(full / "model.safetensors").items() if "mm_projector" in n}
    torch.save(weights, folder / "mm_projector.bin")
    found = load(str(folder), device="cpu", how=LoadOptions(base_model=str(vicuna), allow_pickle=True))
    assert any("template is plain, chosen" in note for note in found.notes)
    assert torch.equal(logits(found, PICTURE, "a"), logits(expected, PICTURE, "a"))  # type: ignore[arg-type]


def test_pickled_weights_are_read_as_weights_alone_where_that_is_allowed(tmp_path: Path) -> None:
    folder = whole(V15, tmp_path)
    expected = load(str(folder), device="cpu")
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(weights)
    shards = {"pytorch_model-00001-of-00002.bin": names[::2], "pytorch_model-00002-of-00002.bin": names[1::2]}
    for file, own in shards.items():
        torch.save({name: weights[name].clone() for name in own}, folder / file)
    index = {"weight_map": {name: file for file, own in shards.items() for name in own}}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelUnavailable, match=r"a pickle, a format that can run code .* --allow-pickle"):
        load(str(folder), device="cpu")
    found = load(str(folder), device="cpu", how=LoadOptions(allow_pickle=True))
    assert torch.equal(logits(found, PICTURE, "a"), logits(expected, PICTURE, "a"))  # type: ignore[arg-type]
    assert found.weights[:2] == tuple(shards)


class Runs:
    """What would run when it is unpickled."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("ran"),))


def test_a_pickle_that_would_run_code_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = whole(V15, tmp_path)
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"model.norm.weight": Runs()}, protocol=2))
    with pytest.raises(ModelUnavailable, match=r"pytorch_model\.bin: can't be read as weights"):
        load(str(folder), device="cpu", how=LoadOptions(allow_pickle=True))
    assert not (tmp_path / "ran").exists()
    torch.save({"a": [1, 2]}, folder / "pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match="other things than tensors"):
        load(str(folder), device="cpu", how=LoadOptions(allow_pickle=True))


def test_a_frozen_tower_is_its_own_folders_and_its_copy_inside_is_for_want_of_it(tmp_path: Path) -> None:
    folder = changed(whole(V16, tmp_path), unfreeze_mm_vision_tower=None)
    outside = load(str(folder), device="cpu")
    assert any("in its own folder" in note for note in outside.notes)
    assert any("copy of its vision tower in the checkpoint is not used" in n for n in outside.notes)
    for place in (tmp_path / "clip-tiny-56").iterdir():
        place.unlink()
    with pytest.raises(ModelUnavailable, match=r"vision tower 'clip-tiny-56' is not here .*--vision-tower"):
        load(str(folder), device="cpu", offline=True)
    folder = rewritten(folder, lambda held: {n: v for n, v in held.items() if "vision_tower" not in n})
    changed(folder, unfreeze_mm_vision_tower=True)
    with pytest.raises(ModelUnavailable, match="tower was trained, and the files have none"):
        load(str(folder), device="cpu", how=LoadOptions(vision_tower=str(DATA / "clip-tiny-56")))


REFUSED = {
    "architectures": ["LlavaMptForCausalLM"],
    "mm_resampler_type": "qformer",
    "mm_vision_tower_aux": "convnext",
    "mm_dense_connector_type": "dci",
    "is_multipath_encoder": True,
    "model_type": "llava_mistral",
    "s2": True,
    "quantization_config": {"load_in_4bit": True},
    "mm_patch_merge_type": "spatial_maxpool2x2",
    "mm_vision_select_feature": "cls",
    "mm_projector_type": "mlp2x_res2x_gelu",
    "image_aspect_ratio": "crop_split",
    "mm_vision_select_layer": "-2",
    "mm_vision_tower": ["a"],
    "image_grid_pinpoints": [[57, 112]],
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_faithful_class_is_refused_and_named(name: str, tmp_path: Path) -> None:
    folder = changed(whole(V16, tmp_path), **{name: REFUSED[name]})
    with pytest.raises(ModelUnavailable) as caught:
        load(str(folder), device="cpu")
    line = str(caught.value)
    assert "\n" not in line and (name in line or "LlavaMpt" in line)
    assert "known:" in line or "resolutions in tiles" in line


def test_differences_to_a_base_model_are_no_model(tmp_path: Path) -> None:
    folder = rewritten(whole(V15, tmp_path), lambda held: {n: t * 0.01 for n, t in held.items()})
    with pytest.raises(ModelUnavailable, match=r"model\.norm\.weight .*differences \(delta weights\)"):
        load(str(folder), device="cpu")


def test_a_tied_head_is_the_embeddings_whatever_lies_in_the_files(tmp_path: Path) -> None:
    folder = changed(whole(V15, tmp_path), tie_word_embeddings=True)
    found = load(str(folder), device="cpu")
    model = found._model  # type: ignore[attr-defined]
    assert torch.equal(model.lm_head.weight, model.get_input_embeddings().weight)
    assert any("head in the files is not read" in note for note in found.notes)


WRONG: tuple[Any, ...] = ([], {}, "x", -1, 10**9, True, 0, [1, 2], "", 1.5, None)
"""What no setting is, or few are."""


def test_a_setting_of_a_wrong_kind_or_none_is_at_most_one_line(tmp_path: Path) -> None:
    folder = whole(V16, tmp_path)
    for file in ("config.json", "tokenizer_config.json", "generation_config.json"):
        right = json.loads((folder / file).read_text("utf-8"))
        for number, name in enumerate(right):
            wrong = right | {name: WRONG[number % len(WRONG)]}
            for settings in (wrong, {key: value for key, value in right.items() if key != name}):
                (folder / file).write_text(json.dumps(settings))
                try:
                    sketch(str(folder), offline=True)
                except IpllvmError as error:
                    assert "\n" not in str(error), (file, name)
        (folder / file).write_text(json.dumps(right))
    assert sketch(str(folder), offline=True).prepare([PICTURE], "what?").visual.any(), "as it was"


BIAS = "model.mm_projector.0.bias"


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("model.layers.0.mlp.up_proj.weight", torch.Tensor.char, "is stored as int8: save it dequantised"),
        ("model.norm.weight", torch.Tensor.bool, "is stored as bool"),
        ("model.mm_projector.2.weight", torch.Tensor.int, "is stored as int32"),
        ("model.image_newline", lambda value: value.to(torch.complex64), "is stored as complex64"),
        (
            BIAS,
            lambda value: value[:1],
            r"0\.bias has another shape than its layer: \[1\] stored",
        ),
        (BIAS, lambda value: value[None], r"\[1, 32\] stored, \[32\] wanted"),
    ],
)
def test_numbers_that_nothing_scales_and_other_shapes_are_named(
    name: str, change: Callable[[Tensor], Tensor], why: str, tmp_path: Path
) -> None:
    folder = rewritten(whole(V16, tmp_path), lambda held: held | {name: change(held[name]).contiguous()})
    with pytest.raises(ModelUnavailable, match=why):
        load(str(folder), device="cpu")


def test_qwens_decoder_is_known_by_its_architecture(tmp_path: Path) -> None:
    folder = changed(whole(OV, tmp_path), model_type="llava")
    assert OriginalSettings.of(folder).text == "qwen2"


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    folder = rewritten(whole(V15, tmp_path), lambda held: held | {"model.extra.weight": torch.ones(2)})
    with pytest.raises(ModelUnavailable, match=r"does not take, the first is model\.extra\.weight"):
        load(str(folder), device="cpu")
    with pytest.raises(ModelUnavailable, match=r"other shapes than config\.json says"):
        load(str(changed(whole(V16, tmp_path), intermediate_size=65)), device="cpu")


def test_options_go_with_such_checkpoints_only(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--prompt-template: llava-tiny is no LLaVA checkpoint in its"):
        load("llava-tiny", device="cpu", how=LoadOptions(prompt_template="vicuna_v1"))
    with pytest.raises(UnknownName, match="vicuna_v1"):
        load(str(whole(V15, tmp_path)), device="cpu", how=LoadOptions(prompt_template="vicuna_v2"))


def test_a_template_is_named_and_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    folder = whole(V15, tmp_path)
    first, second = (
        load(str(folder), device="cpu", how=LoadOptions(prompt_template=name))
        for name in ("vicuna_v1", "llava_v0")
    )
    assert first.fingerprint != second.fingerprint
    assert any("template is llava_v0, as --prompt-template says" in note for note in second.notes)
    tokens = second._processor.tokenizer.encode("no###Human: why", add_special_tokens=False)  # type: ignore[attr-defined]
    assert (first.text(tokens), second.text(tokens)) == ("no###Human: why", "no")


def test_templates_follow_decoder_and_vocabulary(tmp_path: Path) -> None:
    settings = OriginalSettings.of(whole(V15, tmp_path))
    found = {rows: templates.chosen(settings, rows, False).name for rows in (32_000, 64_000, 128_256)}
    assert found == {32_000: "vicuna_v1", 64_000: "chatml_direct", 128_256: "llava_llama_3"}
    told = {word: templates.chosen(settings, 440, False, {word}).name for word in ("<|im_start|>", "[INST]")}
    told["header"] = templates.chosen(settings, 440, False, {"<|start_header_id|>", "<|im_start|>"}).name
    assert told == {"<|im_start|>": "chatml_direct", "[INST]": "vicuna_v1", "header": "llava_llama_3"}


def test_a_sketch_counts_the_same_tokens(tmp_path: Path) -> None:
    folder = whole(V16, tmp_path)
    drawn = sketch(str(folder)).prepare([PICTURE], "what?")
    assert torch.equal(drawn.input_ids, load(str(folder), device="cpu").prepare([PICTURE], "what?").input_ids)


def test_a_question_that_holds_a_placeholder_is_refused(tmp_path: Path) -> None:
    found = load(str(whole(V15, tmp_path)), device="cpu")
    for text in ("is <image> there?", "is <unk> there?"):
        with pytest.raises(ValueError, match="the prompt holds"):
            found.prepare([PICTURE], text)


CONVERTED = ("pictures are cropped", "its grid of tiles is chosen as converted")


def test_reports_on_converted_checkpoints_say_where_they_differ(tmp_path: Path) -> None:
    for family, folder, expected in (
        ("llava", "llava-1.5-7b-hf", "pictures are cropped"),
        ("llava_next", "llava-v1.6-vicuna-7b-hf", "its grid of tiles is chosen as converted"),
        ("llava_next", "llava-mine", ""),
    ):
        found = load(str(make(family, tmp_path / folder)), device="cpu").notes
        told = [note for note in found if note.startswith(CONVERTED)]
        assert [note.startswith(expected) for note in told] == ([True] if expected else [])
