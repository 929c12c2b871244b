"""What config.json of an original LLaVA checkpoint says; what has no faithful class here is refused by name.

The config classes of the authors are LlamaConfig, MistralConfig and Qwen2Config with more fields at the top
level. Imports neither torch nor transformers.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ipllvm.errors import ModelUnavailable
from ipllvm.models.json_files import read_json
from ipllvm.safety import reading

ARCHITECTURES = {
    "LlavaLlamaForCausalLM": "llama", "LlavaMistralForCausalLM": "mistral", "LlavaQwenForCausalLM": "qwen2",
}  # fmt: skip
TYPES = {"llava": "llama", "llava_llama": "llama", "llava_mistral": "mistral", "llava_qwen": "qwen2"}
MERGES = ("flat", "spatial", "spatial_unpad")
FEATURES = ("patch", "cls_patch")
CONCATENATED = ("slicefour_", "slice_m25811_f6_")
MLP = re.compile(r"mlp(\d{1,2})x_gelu")
MOST = re.compile(r"anyres_max_(\d{1,6})")
MULTIMODAL = re.compile(
    r"mm_(vision_tower|vision_select_(layer|feature)|patch_merge_type|projector_type|hidden_size|tunable_parts"
    r"|use_im_(start_end|patch_token)|resampler_type|newline_position|\w+_lr"
    r"|(spatial_pool|perceiver|qformer|mask_drop)_\w+)"
)
"""Fields that are followed here, of training, of videos, or of a resampler."""
BUILT_ON = (
    "s2", "quantization_config", "is_multipath_encoder", "vision_tower_slow", "image_size_aux", "moe",
)  # fmt: skip
"""Fields of other code that was built on LLaVA's, by which a picture is read otherwise."""
NOT_OF_TEXT = {
    "architectures", "model_type", "dtype", "torch_dtype", "transformers_version", "name_or_path",
    "_name_or_path", "quantization_config", "auto_map",
}  # fmt: skip
Sizes = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class OriginalSettings:
    """A config.json that was found to be one that can be run faithfully.

    `text` is the type of the decoder's config, `tower` the name or path of the vision tower, `linears` how
    many linear layers the projector has, 0 for identity. `aspect` is how a picture is prepared: square, pad
    or anyres, of at most `most` tiles' worth of tokens if that is no None; `merge` how tiles become tokens.
    """

    folder: Path
    raw: Mapping[str, Any] = field(repr=False)
    text: str
    tower: str
    linears: int
    plain_linear: bool
    aspect: str
    most: int | None
    merge: str
    features: str
    layer: int

    @property
    def family(self) -> str:
        """The transformers class that is the same: anyres has tiles, anyres_max_N scales a large map down."""
        if self.aspect != "anyres":
            return "llava"
        return "llava_next" if self.most is None else "llava_onevision"

    @property
    def trained_tower(self) -> bool:
        """Whether the tower was trained too, so that its weights are in the checkpoint."""
        tunable = str(self.raw.get("mm_tunable_parts") or "").split(",")
        return bool(self.raw.get("unfreeze_mm_vision_tower")) or "mm_vision_tower" in tunable

    @property
    def prefers_inside(self) -> bool:
        """Whether its authors' code takes a tower inside the checkpoint wherever there is one."""
        return self.text == "qwen2"

    @property
    def marks(self) -> bool:
        """Whether <im_start> and <im_end> stand around a picture."""
        return bool(self.raw.get("mm_use_im_start_end"))

    @property
    def added(self) -> tuple[str, ...]:
        """Tokens that the authors' loader adds to the tokenizer, in this order."""
        patch = ("<im_patch>",) if self.raw.get("mm_use_im_patch_token", True) else ()
        return (*patch, "<im_start>", "<im_end>") if self.marks else patch

    def pinpoints(self, tile: int) -> Sizes:
        """The resolutions (width, height) that a picture is fitted into, of tiles of that side.

        Raises ModelUnavailable where they are missing or no multiples of a tile.
        """
        listed = self.raw.get("image_grid_pinpoints")
        found = _spelled(listed, tile) if isinstance(listed, str) else _pairs(listed)
        if not found or any(side <= 0 or side % tile for pair in found for side in pair):
            raise ModelUnavailable(
                f"{self.folder / 'config.json'}: image_grid_pinpoints {str(listed)[:60]!r} is not a list of "
                f"resolutions in tiles of {tile}, which image_aspect_ratio anyres needs"
            )
        return found

    def text_fields(self, names: Sequence[str]) -> dict[str, Any]:
        """The fields of the decoder's config among all; `names` are those that its class has.

        The authors' code for Qwen and Mistral sets rope_scaling to None, whatever the file says.
        """
        wanted = {*names, "rope_theta", "rope_scaling"} - NOT_OF_TEXT
        fields = {name: value for name, value in self.raw.items() if name in wanted}
        if self.text != "llama":
            fields.pop("rope_scaling", None)
        return fields

    def layers(self, states: int) -> int | list[int]:
        """Which of so many hidden states of the tower (0: its embeddings) the projector takes.

        Raises ModelUnavailable where the tower has not so many.
        """
        supported = f"{-states} to {states - 1}, which {self.tower} has"
        if self.features.startswith("slicefour_"):
            step = states // 4
            if not step or step + self.layer < -states:
                raise refused(self.folder, "mm_vision_select_layer", self.layer, supported)
            return list(range(step + self.layer, states, step))
        sliced = self.features.startswith("slice_m25811_f6_")
        chosen = [-2, -5, -8, -11, 6] if sliced else [self.layer]
        if not all(-states <= each < states for each in chosen):
            named = self.features if sliced else self.layer
            field = "mm_vision_select_feature" if sliced else "mm_vision_select_layer"
            raise refused(self.folder, field, named, supported)
        return chosen if sliced else self.layer

    @classmethod
    def of(cls, folder: Path) -> "OriginalSettings":
        """Those of a folder; raises ModelUnavailable, in one line that names what can't be run."""
        raw = read_json(folder / "config.json")
        _require_supported(folder, raw)
        aspect, most = _aspect(folder, raw)
        kind = str(raw.get("mm_projector_type") or "linear")
        features = str(raw.get("mm_vision_select_feature") or "patch")
        if features.endswith("cls_patch") and aspect == "anyres":
            raise refused(folder, "mm_vision_select_feature", features, "patch, where a picture is in tiles")
        merge, text = str(raw.get("mm_patch_merge_type") or "flat"), _text(folder, raw)
        if text == "qwen2" and aspect != "anyres" and merge == "spatial_unpad":
            raise refused(folder, "mm_patch_merge_type", merge, "flat, where a picture is one view")
        layer = raw.get("mm_vision_select_layer", -2)
        if not isinstance(layer, int) or isinstance(layer, bool):
            raise refused(folder, "mm_vision_select_layer", layer, "a whole number")
        return cls(
            folder,
            raw,
            text,
            str(raw["mm_vision_tower"]),
            linears=_linears(folder, kind),
            plain_linear=kind == "linear",
            aspect=aspect,
            most=most,
            merge=merge,
            features=features,
            layer=layer,
        )


def refused(folder: Path, name: str, value: object, supported: str) -> ModelUnavailable:
    """The one line about a field whose value can't be run faithfully."""
    return ModelUnavailable(
        f"{folder}: an original LLaVA checkpoint with {name} {str(value)[:60]!r}, which nothing here runs as "
        f"its authors do; known: {supported}"
    )


def _require_supported(folder: Path, raw: Mapping[str, Any]) -> None:
    """Raises ModelUnavailable for the first field with a value that can't be run."""
    if not isinstance(raw["mm_vision_tower"], str) or not raw["mm_vision_tower"]:
        raise refused(folder, "mm_vision_tower", raw["mm_vision_tower"], "the name or folder of a tower")
    if raw.get("mm_resampler_type") is not None:
        raise refused(folder, "mm_resampler_type", raw["mm_resampler_type"], "null")
    foreign = (name for name in raw if name.startswith("mm_") and not MULTIMODAL.fullmatch(name))
    for name in (*BUILT_ON, *foreign):
        if raw.get(name):
            raise refused(folder, name, raw[name], "none: one tower of one scale, and plain weights")
    if (merge := raw.get("mm_patch_merge_type") or "flat") not in MERGES:
        raise refused(folder, "mm_patch_merge_type", merge, ", ".join(MERGES))
    features = str(raw.get("mm_vision_select_feature") or "patch")
    prefix = next((prefix for prefix in CONCATENATED if features.startswith(prefix)), "")
    if features.removeprefix(prefix) not in FEATURES:
        raise refused(folder, "mm_vision_select_feature", features, ", ".join((*FEATURES, *CONCATENATED)))


def _text(folder: Path, raw: Mapping[str, Any]) -> str:
    """The type of the decoder: as the architecture says, or the model type where there is none.

    The type `llava` says nothing: OneVision's checkpoints of Qwen2 have it too.
    """
    named, kind = raw.get("architectures") or (), raw.get("model_type")
    by_type = TYPES.get(kind) if isinstance(kind, str) else None
    if not isinstance(named, list) or not named:
        if by_type is None:
            raise refused(folder, "the decoder", kind, ", ".join(TYPES))
        return by_type
    found = {ARCHITECTURES.get(str(name)) for name in named}
    if found - {*ARCHITECTURES.values()}:
        raise refused(folder, "the decoder", ", ".join(map(str, named)), ", ".join(ARCHITECTURES))
    if kind != "llava" and by_type is not None:
        found.add(by_type)
    if len(found) > 1:
        both = ", ".join([*map(str, named), str(kind)])
        raise refused(folder, "several decoders", both, "one, by architectures and model_type alike")
    return str(found.pop())


def _aspect(folder: Path, raw: Mapping[str, Any]) -> tuple[str, int | None]:
    """How a picture is prepared, and how many tiles' worth of tokens it may have."""
    aspect = raw.get("image_aspect_ratio") or "square"
    if aspect in ("square", "pad", "anyres"):
        return str(aspect), None
    if (found := MOST.fullmatch(str(aspect))) and int(found[1]) > 0:
        return "anyres", int(found[1])
    raise refused(folder, "image_aspect_ratio", aspect, "square, pad, anyres, anyres_max_N")


def _linears(folder: Path, kind: str) -> int:
    """How many linear layers a projector of that type has."""
    if kind in ("linear", "identity"):
        return int(kind == "linear")
    if (found := MLP.fullmatch(kind)) and int(found[1]) > 0:
        return int(found[1])
    raise refused(folder, "mm_projector_type", kind, "linear, mlpNx_gelu, identity")


def _spelled(listed: str, tile: int) -> Sizes:
    """Pinpoints in words: a list, or "(1x1),...,(6x6)" in tiles, the first number counting slowest."""
    ends = [(int(a), int(b)) for a, b in re.findall(r"\((\d{1,3})x(\d{1,3})\)", listed)]
    if not ends:
        try:
            return _pairs(reading.json_value(listed.replace("(", "[").replace(")", "]").encode()))
        except ValueError:
            return ()
    (first, above), (last, below) = ends[0], ends[-1]
    return tuple((a * tile, b * tile) for a in range(first, last + 1) for b in range(above, below + 1))


def _pairs(listed: object) -> Sizes:
    """A list of pairs of whole numbers; nothing where it is none."""
    if not isinstance(listed, list):
        return ()
    pairs = [each for each in listed if isinstance(each, list) and len(each) == 2]
    whole = [(a, b) for a, b in pairs if type(a) is int and type(b) is int]
    return tuple(whole) if len(whole) == len(listed) else ()
