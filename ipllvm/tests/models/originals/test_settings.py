"""What config.json of an original checkpoint may say, field by field, without a weight being there."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.errors import ModelUnavailable
from ipllvm.models.originals.settings import OriginalSettings

USUAL: dict[str, Any] = {"mm_vision_tower": "tower", "architectures": ["LlavaLlamaForCausalLM"]}
RUNS = "which nothing here runs as its authors do; known: "


def stated(folder: Path, **fields: Any) -> OriginalSettings:
    """The settings of a config with these fields; one that is None is left out."""
    told = {name: value for name, value in (USUAL | fields).items() if value is not None}
    (folder / "config.json").write_text(json.dumps(told), encoding="utf-8")
    return OriginalSettings.of(folder)


def refusal(folder: Path, **fields: Any) -> str:
    """The line about a config, without the folder that it begins with."""
    with pytest.raises(ModelUnavailable) as caught:
        stated(folder, **fields)
    line = str(caught.value)
    assert line.startswith(f"{folder}: ") and "\n" not in line
    return line.removeprefix(f"{folder}: ")


def test_what_a_config_does_not_say_is_as_in_the_first_release(tmp_path: Path) -> None:
    found = stated(tmp_path)
    assert (found.text, found.tower, found.family) == ("llama", "tower", "llava")
    assert (found.linears, found.plain_linear, found.merge) == (1, True, "flat")
    assert (found.aspect, found.most, found.features, found.layer) == ("square", None, "patch", -2)
    assert not (found.trained_tower or found.prefers_inside or found.marks)
    assert found.added == ("<im_patch>",)


EMPTY: tuple[Any, ...] = ("", [], 0, False)
CHOSEN = ("image_aspect_ratio", "mm_projector_type", "mm_vision_select_feature", "mm_patch_merge_type")


@pytest.mark.parametrize("field", CHOSEN)
@pytest.mark.parametrize("empty", EMPTY)
def test_an_empty_setting_is_one_that_is_not_there(field: str, empty: Any, tmp_path: Path) -> None:
    kept = stated(tmp_path)
    found = stated(tmp_path, **{field: empty})
    assert (found.aspect, found.linears, found.features, found.merge) == (
        kept.aspect,
        kept.linears,
        kept.features,
        kept.merge,
    )


@pytest.mark.parametrize(
    ("aspect", "expected"),
    [
        ("square", ("square", None, "llava")),
        ("pad", ("pad", None, "llava")),
        ("anyres", ("anyres", None, "llava_next")),
        ("anyres_max_1", ("anyres", 1, "llava_onevision")),
        ("anyres_max_9", ("anyres", 9, "llava_onevision")),
        ("anyres_max_009", ("anyres", 9, "llava_onevision")),
    ],
)
def test_how_a_picture_is_prepared_names_the_family(
    aspect: str, expected: tuple[str, int | None, str], tmp_path: Path
) -> None:
    found = stated(tmp_path, image_aspect_ratio=aspect)
    assert (found.aspect, found.most, found.family) == expected


WRONG_ASPECTS = (
    "anyres_max_0",
    "anyres_max_",
    "anyres_max_-1",
    "anyres_max_9 ",
    "Pad",
    "anyres_",
    ["pad"],
    1,
)


@pytest.mark.parametrize(
    "aspect", [*WRONG_ASPECTS, "anyres_max_" + "9" * 5000], ids=lambda each: str(each)[:16]
)
def test_another_aspect_is_refused_with_those_that_are_known(aspect: Any, tmp_path: Path) -> None:
    line = refusal(tmp_path, image_aspect_ratio=aspect)
    assert line.startswith("an original LLaVA checkpoint with image_aspect_ratio ")
    assert line.endswith(f"{RUNS}square, pad, anyres, anyres_max_N")
    assert len(line) < 300, "a long value is cut"


@pytest.mark.parametrize(
    ("kind", "linears"),
    [("linear", 1), ("identity", 0), ("mlp1x_gelu", 1), ("mlp2x_gelu", 2), ("mlp99x_gelu", 99)],
)
def test_a_projector_has_so_many_linear_layers(kind: str, linears: int, tmp_path: Path) -> None:
    found = stated(tmp_path, mm_projector_type=kind)
    assert (found.linears, found.plain_linear) == (linears, kind == "linear")


@pytest.mark.parametrize(
    "kind",
    [
        "mlp0x_gelu", "mlp100x_gelu", "mlpx_gelu", "mlp2x_relu", "mlp2x_gelu ", "MLP2x_gelu",
        "mlp" + "9" * 5000 + "x_gelu", 2,
    ],
    ids=lambda each: str(each)[:12],
)  # fmt: skip
def test_another_projector_is_refused(kind: Any, tmp_path: Path) -> None:
    assert refusal(tmp_path, mm_projector_type=kind).endswith(f"{RUNS}linear, mlpNx_gelu, identity")


DECODERS = [
    ({"architectures": ["LlavaLlamaForCausalLM"], "model_type": "llava"}, "llama"),
    ({"architectures": ["LlavaMistralForCausalLM"], "model_type": "llava_mistral"}, "mistral"),
    ({"architectures": ["LlavaQwenForCausalLM"], "model_type": "llava"}, "qwen2"),
    ({"architectures": ["LlavaLlamaForCausalLM"] * 2, "model_type": None}, "llama"),
    ({"architectures": [], "model_type": "llava_qwen"}, "qwen2"),
    ({"architectures": "LlavaQwenForCausalLM", "model_type": "llava"}, "llama"),
    ({"architectures": None, "model_type": "llava_mistral"}, "mistral"),
    ({"architectures": ["LlavaQwenForCausalLM"], "model_type": ["odd"]}, "qwen2"),
]


@pytest.mark.parametrize(("fields", "text"), DECODERS)
def test_the_decoder_is_that_of_the_architecture(fields: dict[str, Any], text: str, tmp_path: Path) -> None:
    assert stated(tmp_path, **fields).text == text


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"architectures": None, "model_type": None}, "the decoder 'None'"),
        ({"architectures": [], "model_type": "llava_mpt"}, "the decoder 'llava_mpt'"),
        ({"architectures": [], "model_type": {}}, "the decoder '{}'"),
        ({"architectures": [None]}, "the decoder 'None'"),
        ({"architectures": [{"a": 1}]}, "the decoder \"{'a': 1}\""),
        (
            {"architectures": ["LlavaLlamaForCausalLM", "LlavaMptForCausalLM"]},
            "the decoder 'LlavaLlamaForCausalLM, LlavaMptForCausalLM'",
        ),
        (
            {"architectures": ["LlavaLlamaForCausalLM", "LlavaQwenForCausalLM"], "model_type": "llava"},
            "several decoders 'LlavaLlamaForCausalLM, LlavaQwenForCausalLM, llava'",
        ),
        ({"model_type": "llava_qwen"}, "several decoders 'LlavaLlamaForCausalLM, llava_qwen'"),
    ],
)
def test_no_decoder_and_several_are_refused(fields: dict[str, Any], named: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, **fields).startswith(f"an original LLaVA checkpoint with {named}, which nothing")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mm_vision_tower", ""),
        ("mm_vision_tower", {"a": 1}),
        ("mm_resampler_type", "none"),
        ("mm_resampler_type", ""),
        ("mm_brand_new", 1),
        ("moe", {"experts": 4}),
        ("vision_tower_slow", "x"),
        ("mm_patch_merge_type", "unpad"),
        ("mm_vision_select_feature", "slicefour_"),
        ("mm_vision_select_feature", "slice_m25811_f6_slicefour_patch"),
        ("mm_vision_select_layer", 1.0),
        ("mm_vision_select_layer", True),
        ("mm_vision_select_layer", [-2]),
    ],
)
def test_a_field_that_is_not_followed_is_named_with_its_value(field: str, value: Any, tmp_path: Path) -> None:
    assert refusal(tmp_path, **{field: value}).startswith(
        f"an original LLaVA checkpoint with {field} {str(value)[:60]!r}, {RUNS}"
    )


@pytest.mark.parametrize(
    "field", ["mm_brand_new", "s2", "moe", "quantization_config", "is_multipath_encoder", "image_size_aux"]
)
@pytest.mark.parametrize("off", [None, False, 0, "", [], {}])
def test_a_foreign_field_that_is_off_says_nothing(field: str, off: Any, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(USUAL | {field: off}), encoding="utf-8")
    assert OriginalSettings.of(tmp_path).text == "llama"


TRAINING = ("projector_lr", "vision_tower_lr", "spatial_pool_stride", "perceiver_depth", "hidden_size")


@pytest.mark.parametrize("field", TRAINING)
def test_fields_of_training_and_of_films_are_no_obstacle(field: str, tmp_path: Path) -> None:
    assert stated(tmp_path, **{f"mm_{field}": 4}).raw[f"mm_{field}"] == 4


def test_a_class_token_has_no_place_among_tiles(tmp_path: Path) -> None:
    line = refusal(tmp_path, mm_vision_select_feature="cls_patch", image_aspect_ratio="anyres")
    assert line.endswith(f"{RUNS}patch, where a picture is in tiles")
    assert stated(tmp_path, mm_vision_select_feature="cls_patch").features == "cls_patch"


def test_qwens_code_unpads_tiles_alone(tmp_path: Path) -> None:
    qwen = {"architectures": ["LlavaQwenForCausalLM"], "mm_patch_merge_type": "spatial_unpad"}
    assert refusal(tmp_path, **qwen).endswith(f"{RUNS}flat, where a picture is one view")
    assert stated(tmp_path, **qwen, image_aspect_ratio="anyres").merge == "spatial_unpad"
    assert stated(tmp_path, mm_patch_merge_type="spatial_unpad").merge == "spatial_unpad"


@pytest.mark.parametrize(
    ("fields", "trained"),
    [
        ({"unfreeze_mm_vision_tower": True}, True),
        ({"mm_tunable_parts": "mm_vision_tower,mm_mlp_adapter,mm_language_model"}, True),
        ({"mm_tunable_parts": "mm_language_model"}, False),
        ({"mm_tunable_parts": "mm_vision_tower_no"}, False),
        ({"unfreeze_mm_vision_tower": False, "mm_tunable_parts": None}, False),
    ],
)
def test_whether_the_tower_was_trained(fields: dict[str, Any], trained: bool, tmp_path: Path) -> None:
    assert stated(tmp_path, **fields).trained_tower is trained


@pytest.mark.parametrize(
    ("marks", "patch", "added"),
    [
        (True, True, ("<im_patch>", "<im_start>", "<im_end>")),
        (True, False, ("<im_start>", "<im_end>")),
        (False, True, ("<im_patch>",)),
        (False, False, ()),
    ],
)
def test_tokens_are_added_in_the_order_of_the_authors(
    marks: bool, patch: bool, added: tuple[str, ...], tmp_path: Path
) -> None:
    found = stated(tmp_path, mm_use_im_start_end=marks, mm_use_im_patch_token=patch)
    assert (found.added, found.marks) == (added, marks)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([[336, 672]], ((336, 672),)),
        ("[(336, 672), (672, 336)]", ((336, 672), (672, 336))),
        ("[[336, 672]]", ((336, 672),)),
        ("(1x1),...,(2x3)", tuple((336 * a, 336 * b) for a in (1, 2) for b in (1, 2, 3))),
        ("(2x1)", ((672, 336),)),
    ],
)
def test_resolutions_are_told_in_words_or_as_a_list(
    listed: Any, expected: tuple[tuple[int, int], ...], tmp_path: Path
) -> None:
    assert stated(tmp_path, image_grid_pinpoints=listed).pinpoints(336) == expected


@pytest.mark.parametrize(
    "listed",
    [
        None, [], {}, 5, "", "none", "[336, 672]", "(2x2),...,(1x1)", [[336, 672, 336]], [[336.0, 672]],
        [[336, True]], [[336, 672], [335, 336]], [[0, 336]], [[-336, 336]], "[(336, )", [["336", "336"]],
    ],
)  # fmt: skip
def test_what_is_no_list_of_resolutions_is_said_where_it_is_needed(listed: Any, tmp_path: Path) -> None:
    found = stated(tmp_path, image_grid_pinpoints=listed)
    with pytest.raises(ModelUnavailable) as caught:
        found.pinpoints(336)
    assert str(caught.value) == (
        f"{tmp_path / 'config.json'}: image_grid_pinpoints {str(listed)[:60]!r} is not a list of resolutions "
        "in tiles of 336, which image_aspect_ratio anyres needs"
    )


@settings(max_examples=25)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 20))
def test_resolutions_in_words_are_all_grids_up_to_the_last(rows: int, columns: int, tile: int) -> None:
    found = OriginalSettings(
        Path(), {"image_grid_pinpoints": f"(1x1),...,({rows}x{columns})"}, "llama", "t", 1, True, "anyres",
        None, "flat", "patch", -2,
    ).pinpoints(tile)  # fmt: skip
    assert len(set(found)) == len(found) == rows * columns and list(found) == sorted(found)
    assert found[-1] == (rows * tile, columns * tile)


def chosen(features: str, layer: int) -> OriginalSettings:
    return OriginalSettings(Path("f"), {}, "llama", "t", 1, True, "square", None, "flat", features, layer)


@given(st.integers(1, 60), st.integers(-70, 70))
def test_one_layer_is_taken_as_it_is_or_refused(states: int, layer: int) -> None:
    found = chosen("patch", layer)
    if -states <= layer < states:
        assert found.layers(states) == layer
        return
    with pytest.raises(ModelUnavailable, match=f"mm_vision_select_layer '{layer}'.*known: {-states} to "):
        found.layers(states)


@given(st.integers(0, 60), st.integers(-70, 70))
def test_several_layers_are_all_of_the_tower(states: int, layer: int) -> None:
    for features in ("slicefour_patch", "slice_m25811_f6_patch"):
        try:
            found = chosen(features, layer).layers(states)
        except ModelUnavailable as error:
            assert f"known: {-states} to {states - 1}, which t has" in str(error)
            continue
        assert isinstance(found, list)
        assert all(-states <= each < states for each in found), features


@pytest.mark.parametrize(
    ("states", "layer", "expected"),
    [(25, -1, [5, 11, 17, 23]), (25, 0, [6, 12, 18, 24]), (4, 0, [1, 2, 3]), (4, -1, [0, 1, 2, 3])],
)
def test_a_quarter_of_the_layers_counts_from_the_chosen_one(
    states: int, layer: int, expected: list[int]
) -> None:
    assert chosen("slicefour_patch", layer).layers(states) == expected


def test_slices_need_layers_enough() -> None:
    with pytest.raises(ModelUnavailable, match="mm_vision_select_layer '-2'"):
        chosen("slicefour_patch", -2).layers(3)
    with pytest.raises(ModelUnavailable, match="mm_vision_select_layer '-1000000000000'"):
        chosen("slicefour_patch", -(10**12)).layers(25)
    with pytest.raises(ModelUnavailable, match="mm_vision_select_feature 'slice_m25811_f6_patch'"):
        chosen("slice_m25811_f6_patch", -2).layers(10)
    assert chosen("slice_m25811_f6_patch", -2).layers(11) == [-2, -5, -8, -11, 6]


@pytest.mark.parametrize(("text", "kept"), [("llama", True), ("mistral", False), ("qwen2", False)])
def test_scaled_positions_are_llamas_alone(text: str, kept: bool) -> None:
    raw = {
        "rope_scaling": {"type": "linear"},
        "rope_theta": 1e6,
        "hidden_size": 8,
        "model_type": "x",
        "odd": 1,
    }
    found = OriginalSettings(
        Path(), raw, text, "t", 1, True, "square", None, "flat", "patch", -2
    ).text_fields(["hidden_size", "model_type", "torch_dtype"])
    assert ("rope_scaling" in found) is kept
    assert found.items() >= {"rope_theta": 1e6, "hidden_size": 8}.items()
    assert not found.keys() & {"model_type", "odd", "torch_dtype"}
