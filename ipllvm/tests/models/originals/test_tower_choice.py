"""Which vision tower an original checkpoint has, where it lies, and what its files may say."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from ipllvm.errors import ModelUnavailable
from ipllvm.models.originals import tower
from ipllvm.models.originals.settings import OriginalSettings

CLIP = {"model_type": "clip_vision_model", "image_size": 56, "patch_size": 14, "num_hidden_layers": 3}
SIGLIP = CLIP | {"model_type": "siglip_vision_model"}
COPY = {f"{tower.INSIDE}vision_model.post_layernorm.bias": torch.zeros(2)}
KNOWN = "openai/clip-vit-large-patch14-336"


def asking(
    folder: Path, named: str = "clip-mine", text: str = "llama", features: str = "patch", **raw: Any
) -> OriginalSettings:
    """The settings of a checkpoint in a folder of its own, which names a tower."""
    place = folder / "checkpoint"
    place.mkdir(exist_ok=True)
    return OriginalSettings(place, raw, text, named, 1, True, "square", None, "flat", features, -2)


def made(place: Path, config: dict[str, Any] = CLIP, pictures: dict[str, Any] | None = None) -> Path:
    """The folder of a tower of one tensor."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "config.json").write_text(json.dumps(config), encoding="utf-8")
    if pictures is not None:
        (place / "preprocessor_config.json").write_text(json.dumps(pictures), encoding="utf-8")
    save_file({"vision_model.post_layernorm.bias": torch.ones(2)}, place / "model.safetensors")
    return place


def refusal(settings: OriginalSettings, tensors: dict[str, Tensor] | None = None, given: str = "") -> str:
    with pytest.raises(ModelUnavailable) as caught:
        tower.choose(settings, given, tensors or {}, True)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{settings.folder}: ")


@pytest.mark.parametrize("place", ["checkpoint/clip-mine", "clip-mine"])
def test_a_tower_lies_in_the_checkpoint_or_beside_it(place: str, tmp_path: Path) -> None:
    folder = made(tmp_path / place)
    found, files, tensors, notes = tower.choose(asking(tmp_path), "", {"lm_head.weight": torch.ones(1)}, True)
    assert found.folder == folder and files == (folder / "model.safetensors",)
    assert sorted(tensors) == ["lm_head.weight", f"{tower.INSIDE}vision_model.post_layernorm.bias"]
    assert notes == ("its vision tower is clip-mine, in its own folder",)


@pytest.mark.parametrize("named", ["/home/authors/towers/clip-mine", "openai/clip-mine", "./clip-mine"])
def test_a_path_of_the_authors_machine_is_found_by_its_last_name(named: str, tmp_path: Path) -> None:
    folder = made(tmp_path / "clip-mine")
    assert tower.choose(asking(tmp_path, named), "", {}, True)[0].folder == folder


def test_the_tower_that_is_given_counts_before_the_one_that_is_named(tmp_path: Path) -> None:
    made(tmp_path / "clip-mine")
    other = made(tmp_path / "elsewhere", CLIP | {"image_size": 28})
    assert tower.choose(asking(tmp_path), str(other), {}, True)[0].tile == 28


def test_a_checkpoint_is_no_tower_of_its_own(tmp_path: Path) -> None:
    settings = asking(tmp_path, "checkpoint")
    (settings.folder / "config.json").write_text(json.dumps(CLIP), encoding="utf-8")
    assert "its vision tower 'checkpoint' is not here" in refusal(settings)


@pytest.mark.parametrize(
    "named", ["clip-gone", "~nobody-of-that-name/clip", "x" * 5000, "a\0b", "org/" + "y" * 300, "a/../b", "ö"]
)
def test_a_tower_that_is_nowhere_is_one_line_with_the_option(named: str, tmp_path: Path) -> None:
    line = refusal(asking(tmp_path, named))
    assert line.startswith("its vision tower ") and line.endswith("give its folder: --vision-tower=FOLDER")
    assert "its vision tower " in refusal(asking(tmp_path), given=named)


def test_a_trained_tower_lies_in_the_files_or_nowhere(tmp_path: Path) -> None:
    made(tmp_path / "clip-mine")
    settings = asking(tmp_path, unfreeze_mm_vision_tower=True)
    assert refusal(settings) == "config.json says that its vision tower was trained, and the files have none"
    _, files, tensors, notes = tower.choose(settings, "", COPY, True)
    assert (files, tensors, notes) == ((), COPY, ())


def test_a_trained_tower_of_a_known_shape_needs_no_folder(tmp_path: Path) -> None:
    settings = asking(tmp_path, KNOWN, unfreeze_mm_vision_tower=True)
    found = tower.choose(settings, "", COPY, True)[0]
    assert (found.folder, found.tile, found.side, found.squeezes) == (None, 336, 24, False)
    assert (found.mean, found.std) == tower.CLIP_COLOURS


@pytest.mark.parametrize(
    ("named", "side", "squeezes", "layers"),
    [
        ("openai/clip-vit-large-patch14-336", 24, False, 24),
        ("openai/clip-vit-large-patch14", 16, False, 24),
        ("google/siglip-so400m-patch14-384", 27, True, 26),
    ],
)
def test_the_usual_towers_are_known(
    named: str, side: int, squeezes: bool, layers: int, tmp_path: Path
) -> None:
    found = tower.find(asking(tmp_path, named), "", True, True)
    assert (found.side, found.squeezes, found.config.num_hidden_layers) == (side, squeezes, layers)


def test_a_frozen_towers_copy_is_taken_for_want_of_its_folder_and_a_note_says_so(tmp_path: Path) -> None:
    found, files, tensors, notes = tower.choose(asking(tmp_path, KNOWN), "", COPY, True)
    assert (found.folder, files, tensors) == (None, (), COPY)
    assert notes[0].startswith("its vision tower is the copy in the checkpoint (") and len(notes) == 1


def test_a_frozen_towers_copy_gives_way_to_its_folder(tmp_path: Path) -> None:
    made(tmp_path / "clip-mine")
    _, _, tensors, notes = tower.choose(asking(tmp_path), "", COPY, True)
    assert tensors[f"{tower.INSIDE}vision_model.post_layernorm.bias"].tolist() == [1, 1]
    assert notes[1:] == (
        "the copy of its vision tower in the checkpoint is not used, as in its authors' code",
    )


def test_qwens_code_takes_the_copy_wherever_there_is_one(tmp_path: Path) -> None:
    made(tmp_path / "clip-mine")
    settings = asking(tmp_path, text="qwen2")
    assert tower.choose(settings, "", COPY, True)[1:] == ((), COPY, ())
    assert tower.choose(settings, "", {}, True)[1] != ()


def test_of_both_of_clips_towers_the_one_that_sees_is_taken(tmp_path: Path) -> None:
    place = made(tmp_path / "clip-mine", {"model_type": "clip", "vision_config": CLIP, "text_config": {}})
    both = {"vision_model.post_layernorm.bias": torch.ones(2), "text_model.final.bias": torch.ones(2)}
    save_file({**both, "logit_scale": torch.ones(())}, place / "model.safetensors")
    found, _, tensors, _ = tower.choose(asking(tmp_path), "", {}, True)
    assert found.tile == 56
    assert list(tensors) == [f"{tower.INSIDE}vision_model.post_layernorm.bias"]


def test_names_without_their_beginning_are_a_towers_too(tmp_path: Path) -> None:
    place = made(tmp_path / "clip-mine")
    save_file({"post_layernorm.bias": torch.ones(2)}, place / "model.safetensors")
    (name,) = tower.choose(asking(tmp_path), "", {}, True)[2]
    assert tower.names(name) == "post_layernorm.bias"


@pytest.mark.parametrize("kind", [None, "dinov2", "", [], {"a": 1}, 5])
def test_a_tower_of_another_kind_is_refused(kind: Any, tmp_path: Path) -> None:
    made(tmp_path / "clip-mine", CLIP | {"model_type": kind})
    line = refusal(asking(tmp_path))
    assert line.startswith(f"an original LLaVA checkpoint with a vision tower of type {str(kind)!r}, ")
    assert line.endswith("known: CLIP, SigLIP")


SHAPES: list[dict[str, Any]] = [
    {"image_size": 0}, {"image_size": -56}, {"image_size": [56, 56]}, {"patch_size": 0}, {"patch_size": -14},
    {"patch_size": 57}, {"patch_size": [14, 14]},
]  # fmt: skip


@pytest.mark.parametrize("fields", SHAPES, ids=str)
@pytest.mark.parametrize("config", [CLIP, SIGLIP], ids=["clip", "siglip"])
def test_a_tower_that_sees_no_square_of_patches_is_refused(
    config: dict[str, Any], fields: dict[str, Any], tmp_path: Path
) -> None:
    made(tmp_path / "clip-mine", config | fields)
    line = refusal(asking(tmp_path))
    assert f"a vision tower of {next(iter(fields))}" in line or "its config.json can't be used" in line


def test_siglips_last_layer_and_head_are_taken_away(tmp_path: Path) -> None:
    made(tmp_path / "clip-mine", SIGLIP, {"image_mean": [0.1] * 3, "size": 7})
    found = tower.find(asking(tmp_path), "", False, True)
    assert found.squeezes and found.config.num_hidden_layers == 2 and not found.config.vision_use_head
    assert (found.mean, found.std, found.resample) == (*tower.SIGLIP_COLOURS, tower.BICUBIC)
    assert "mm_vision_select_feature 'cls_patch'" in refusal(asking(tmp_path, features="cls_patch"))


RIGHT: list[dict[str, Any]] = [
    {},
    {"size": 56, "crop_size": 56},
    {"size": {"shortest_edge": 56}, "crop_size": {"height": 56, "width": 56}},
    {"rescale_factor": 1 / 255, "do_rescale": True},
    {"rescale_factor": 0.00392156862},
]


@pytest.mark.parametrize("pictures", RIGHT)
def test_pictures_that_fit_the_square_are_prepared(pictures: dict[str, Any], tmp_path: Path) -> None:
    made(tmp_path / "clip-mine", CLIP, pictures)
    found = tower.find(asking(tmp_path), "", False, True)
    assert (found.mean, found.std, found.resample) == (*tower.CLIP_COLOURS, tower.BICUBIC)


def test_colours_and_filter_are_those_of_the_towers_folder(tmp_path: Path) -> None:
    told = {"image_mean": [0, 0.5, 1], "image_std": [1, 0.5, 2], "resample": 2}
    made(tmp_path / "clip-mine", CLIP, told)
    found = tower.find(asking(tmp_path), "", False, True)
    assert (found.mean, found.std, found.resample) == ([0, 0.5, 1], [1, 0.5, 2], 2)


WRONG: list[tuple[str, Any]] = [
    ("size", 28), ("size", [56, 56]), ("size", {"shortest_edge": [56]}),
    ("size", {"height": 56, "width": 28}), ("size", None), ("size", {}), ("crop_size", "x"),
    ("do_resize", None), ("do_normalize", 0),
    ("rescale_factor", "x"), ("rescale_factor", None), ("rescale_factor", [1]), ("rescale_factor", True),
    ("rescale_factor", float("nan")), ("image_mean", "x"), ("image_mean", [0.5]),
    ("image_mean", [0.5, "x", 1]),
    ("image_mean", None), ("image_std", [0, 1, 1]), ("image_std", [1, 1, float("inf")]), ("resample", "x"),
    ("resample", 6), ("resample", -1), ("resample", True),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG, ids=[f"{name}-{value}" for name, value in WRONG])
def test_pictures_that_can_not_be_prepared_so_are_refused(name: str, value: Any, tmp_path: Path) -> None:
    made(tmp_path / "clip-mine", CLIP, {name: value})
    line = refusal(asking(tmp_path))
    assert f"preprocessor_config.json's {name} {str(value)[:60]!r}, which nothing" in line
    assert line.endswith("known: pictures of 56 pixels")


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("encoder.layers.2.mlp.fc1.weight", True),
        ("encoder.layers.1.mlp.fc1.weight", False),
        ("encoder.layers.x.mlp.fc1.weight", False),
        ("head.attention.in_proj_weight", True),
        ("heads.weight", False),
        ("embeddings.position_ids", True),
        ("embeddings.position_embedding.weight", False),
    ],
)
def test_what_nothing_of_a_tower_takes(name: str, left: bool) -> None:
    from types import SimpleNamespace

    assert tower.left_out(name, SimpleNamespace(num_hidden_layers=2)) is left
