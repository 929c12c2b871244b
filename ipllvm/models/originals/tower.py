"""The vision tower of an original LLaVA checkpoint: its shape, its preprocessing, and where its weights are.

A checkpoint names its tower by a hub's name or a folder. A tower that was trained too lies in the checkpoint,
and only its shape and its preprocessing are looked for; those of the usual ones are known here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from torch import Tensor
from transformers import AutoConfig

from ipllvm.errors import ModelUnavailable, UnknownName, first_line
from ipllvm.models import sources
from ipllvm.models.json_files import read_json
from ipllvm.models.originals.files import read_tower
from ipllvm.models.originals.settings import OriginalSettings, refused

WANTED = ("*.json", "*.safetensors", "pytorch_model.bin")
CLIP, SIGLIP = "clip_vision_model", "siglip_vision_model"
KINDS = {"clip": CLIP, CLIP: CLIP, "siglip": SIGLIP, SIGLIP: SIGLIP}
LARGE = {
    "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
    "patch_size": 14,
}  # fmt: skip
SO400M = {
    "hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, "num_attention_heads": 16,
    "patch_size": 14, "image_size": 384,
}  # fmt: skip
KNOWN: Mapping[str, tuple[str, Mapping[str, int]]] = {
    "openai/clip-vit-large-patch14-336": (CLIP, {**LARGE, "image_size": 336}),
    "openai/clip-vit-large-patch14": (CLIP, {**LARGE, "image_size": 224}),
    "google/siglip-so400m-patch14-384": (SIGLIP, SO400M),
}
"""Towers whose shape is known without their folder, by name; the rest is their config classes'."""
BICUBIC = 3
STEPS = ("do_resize", "do_center_crop", "do_rescale", "do_normalize")
"""What is done to every picture."""
TO_ONE, ROUNDED = 1 / 255, 1e-6
INSIDE = "model.vision_tower.vision_tower."
"""What the names of a tower's tensors begin with inside a checkpoint."""
CLIP_COLOURS = ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])
SIGLIP_COLOURS = ([0.5] * 3, [0.5] * 3)


@dataclass(frozen=True, slots=True)
class Tower:
    """A tower: `config` is transformers', `folder` where its files are, None where its shape alone is known.

    `mean`, `std` and `resample` are its preprocessing's.
    """

    config: Any
    folder: Path | None
    mean: list[float]
    std: list[float]
    resample: int

    @property
    def squeezes(self) -> bool:
        """Whether pictures are squeezed to its square (SigLIP), not cropped to it (CLIP)."""
        return bool(self.config.model_type == SIGLIP)

    @property
    def tile(self) -> int:
        """The side of the square that it sees, in pixels."""
        return int(self.config.image_size)

    @property
    def side(self) -> int:
        """Into how many rows and columns of patches it cuts that square."""
        return int(self.config.image_size // self.config.patch_size)


def find(settings: OriginalSettings, given: str, inside: bool, offline: bool) -> Tower:
    """The tower of a checkpoint: the one that is `given` by name or folder, else the one that it names.

    `inside` says that its weights are in the checkpoint, so that its shape will do. Raises ModelUnavailable.
    """
    named = given or settings.tower
    folder = _beside(settings, named)
    if folder is None and inside and named in KNOWN:
        kind, shape = KNOWN[named]
        return _tower(AutoConfig.for_model(kind, **shape), None, settings)
    if folder is None:
        folder = _elsewhere(settings, named, offline)
    return _tower(_read(folder, settings), folder, settings)


def choose(
    settings: OriginalSettings, given: str, tensors: Mapping[str, Tensor], offline: bool
) -> tuple[Tower, tuple[Path, ...], dict[str, Tensor], tuple[str, ...]]:
    """The tower of a checkpoint, the files that its weights are read from, all tensors with them, and notes.

    As in the authors' code a tower that was trained is the one in the checkpoint, and one that was not is
    read from its own folder; where there is none, a copy in the checkpoint will do. Raises ModelUnavailable.
    """
    there = any(name.startswith(INSIDE) for name in tensors)
    if settings.trained_tower and not there:
        raise ModelUnavailable(
            f"{settings.folder}: config.json says that its vision tower was trained, and the files have none"
        )
    if settings.trained_tower or (settings.prefers_inside and there):
        return find(settings, given, True, offline), (), dict(tensors), ()
    try:
        found = find(settings, given, False, offline)
    except ModelUnavailable as error:
        if not there:
            raise
        note = f"its vision tower is the copy in the checkpoint ({first_line(error)[:120]})"
        return find(settings, given, True, offline), (), dict(tensors), (note,)
    paths, own = read_tower(found.folder or settings.folder)
    bare = not any(name.startswith("vision_model.") for name in own)
    added = {INSIDE + name: value for name, value in own.items() if bare or name.startswith("vision_model.")}
    rest = {name: value for name, value in tensors.items() if not name.startswith(INSIDE)}
    unread = ("the copy of its vision tower in the checkpoint is not used, as in its authors' code",) * there
    return found, paths, rest | added, (f"its vision tower is {settings.tower}, in its own folder", *unread)


def _beside(settings: OriginalSettings, named: str) -> Path | None:
    """A folder of that name: from here, in the checkpoint, or beside it."""
    own = settings.folder
    places = (named, own / named, own.parent / named, own.parent / Path(named).name)
    folders = filter(None, (sources.local_folder(str(place)) for place in places))
    found = (place for place in folders if (place / "config.json").is_file() and place.resolve() != own)
    return next((place.resolve() for place in found), None)


def _elsewhere(settings: OriginalSettings, named: str, offline: bool) -> Path:
    """Its folder in the hub's cache, fetched first where it may be; raises ModelUnavailable."""
    try:
        return sources.encoder(named, WANTED, offline)
    except (ModelUnavailable, UnknownName) as error:
        raise ModelUnavailable(
            f"{settings.folder}: its vision tower {named[:80]!r} is not here ({first_line(error)}); give its "
            "folder: --vision-tower=FOLDER"
        ) from error


def _read(folder: Path, settings: OriginalSettings) -> Any:
    """The config of the tower in a folder, which may be that of both of CLIP's or SigLIP's towers."""
    kind = read_json(folder / "config.json").get("model_type")
    if not isinstance(kind, str) or kind not in KINDS:
        raise refused(settings.folder, "a vision tower of type", kind, "CLIP, SigLIP")
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        raise ModelUnavailable(f"{folder}: its config.json can't be used: {first_line(error)}") from error
    return getattr(config, "vision_config", config)


def _tower(config: Any, folder: Path | None, settings: OriginalSettings) -> Tower:
    config.dtype = None  # of the files; a model is made in one
    for name in ("image_size", "patch_size"):
        if type(side := getattr(config, name, None)) is not int or not 0 < side <= config.image_size:
            raise refused(settings.folder, f"a vision tower of {name}", side, "squares of patches, in pixels")
    if config.model_type == SIGLIP:
        if settings.features != "patch":
            raise refused(settings.folder, "mm_vision_select_feature", settings.features, "patch for SigLIP")
        config.num_hidden_layers -= 1  # the last one was taken away before training
        config.vision_use_head = False
    mean, std = SIGLIP_COLOURS if config.model_type == SIGLIP else CLIP_COLOURS
    stated = _stated(config, folder, settings)
    return Tower(
        config,
        folder,
        stated.get("image_mean", mean),
        stated.get("image_std", std),
        stated.get("resample", BICUBIC),
    )


def _stated(config: Any, folder: Path | None, settings: OriginalSettings) -> Mapping[str, Any]:
    """What a folder says of how pictures are prepared for CLIP; of SigLIP the authors' code knows it itself.

    Raises ModelUnavailable where they are not scaled and cropped to the tower's square, and scaled to colours
    of mean 0: tiles of another size, and views that are cropped, are packed by nothing here.
    """
    path = folder / "preprocessor_config.json" if folder else None
    if config.model_type == SIGLIP or path is None or not path.is_file():
        return {}
    stated = read_json(path)
    steps = {name: stated.get(name, True) for name in STEPS}
    sides = {name: _sides(stated.get(name, config.image_size)) for name in ("size", "crop_size")}
    odd = {name: value for name, value in steps.items() if not value}
    odd |= {name: stated[name] for name, found in sides.items() if set(found) != {str(config.image_size)}}
    scales = (
        ("rescale_factor", _is_to_one),
        ("image_mean", _is_colour),
        ("image_std", _is_scale),
        ("resample", _is_filter),
    )
    odd |= {name: stated[name] for name, fits in scales if name in stated and not fits(stated[name])}
    if odd:
        name, value = next(iter(odd.items()))
        raise refused(
            settings.folder, f"{path.name}'s {name}", value, f"pictures of {config.image_size} pixels"
        )
    return stated


def _sides(size: Any) -> list[str]:
    """The sides of a size, told as one number or by name."""
    return [str(side) for side in size.values()] if isinstance(size, dict) else [str(size)]


def _is_to_one(factor: Any) -> bool:
    """Whether a factor takes a byte to [0, 1]."""
    return type(factor) in (int, float) and abs(factor - TO_ONE) <= ROUNDED


def _is_colour(numbers: Any) -> bool:
    """Whether there is a number for each channel."""
    listed = isinstance(numbers, list) and len(numbers) == 3
    return listed and all(type(each) in (int, float) and isfinite(each) for each in numbers)


def _is_scale(numbers: Any) -> bool:
    """The same of numbers that colours are divided by."""
    return _is_colour(numbers) and all(numbers)


def _is_filter(number: Any) -> bool:
    """Whether that is a filter of Pillow's."""
    return type(number) is int and 0 <= number <= 5


def names(key: str) -> str | None:
    """What a tensor of a checkpoint is called inside its tower; None where it is none of a tower's.

    >>> names("model.vision_tower.vision_tower.vision_model.post_layernorm.bias"), names("lm_head.weight")
    ('post_layernorm.bias', None)
    """
    return key.removeprefix(INSIDE).removeprefix("vision_model.") if key.startswith(INSIDE) else None


def left_out(name: str, config: Any) -> bool:
    """Whether a tensor of that name is one that nothing of the tower takes: SigLIP's pooling and last layer.

    >>> left_out("head.probe", None), left_out("embeddings.position_ids", None)
    (True, True)
    """
    parts = name.split(".")
    if parts[:2] == ["encoder", "layers"]:
        return parts[2].isdecimal() and int(parts[2]) >= config.num_hidden_layers
    return parts[0] == "head" or parts[-1] == "position_ids"
