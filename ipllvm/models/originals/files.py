"""The files of an original LLaVA checkpoint, and the tensors in them.

A folder holds all weights, a LoRA adapter (whose projector is a pickle beside it), or a projector alone; the
last two stand on a language model, which is given. Pickles are read only where that is allowed, and then as
weights alone: nothing in them is run.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from ipllvm.errors import ModelUnavailable, first_line
from ipllvm.models import checkpoint, fingerprint
from ipllvm.models.json_files import read_json
from ipllvm.models.weight_files import ADAPTER, header, weight_files
from ipllvm.models.weights import require_finite

ADAPTER_CONFIG = ADAPTER[0]
NON_LORA, PROJECTOR = "non_lora_trainables.bin", "mm_projector.bin"
PICKLED = (".bin", ".pt")
LOW, HIGH = ".lora_A.weight", ".lora_B.weight"
OTHERWISE = (
    "use_dora", "rank_pattern", "alpha_pattern", "fan_in_fan_out", "use_qalora", "use_bdlora", "arrow_config",
    "alora_invocation_tokens", "layer_replication", "target_parameters", "monteclora_config",
)  # fmt: skip
"""Settings by which an adapter is no product that is added to a weight, the same for all."""
BEGINNINGS = (True, False, None, "gaussian", "orthogonal", "eva")
"""How an adapter may begin without changing its base model, as PiSSA, OLoRA and others do."""
OWN = ("mm_projector", "vision_tower", "image_newline")
"""Parts that a language model does not have: what stands on it brings them whole, or it is a LLaVA itself."""


@dataclass(frozen=True, slots=True)
class OriginalFiles:
    """What is read of a checkpoint: `folder` its own, `base` that of the language model that it stands on, or
    the same. `kind` is full, lora or projector.
    """

    folder: Path
    base: Path
    kind: str
    weights: tuple[Path, ...]
    added: tuple[Path, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def read(self) -> tuple[Path, ...]:
        """All files of weights."""
        return (*self.weights, *self.added)

    @classmethod
    def of(cls, folder: Path, base: Path | None, pickles: bool) -> "OriginalFiles":
        """Those of a folder; raises ModelUnavailable where they, or what they stand on, are not there."""
        kind = kind_of(folder)
        if kind == "full":
            return cls(folder, folder, kind, _whole(folder, pickles))
        if base is None:
            what = "a LoRA adapter" if kind == "lora" else "a projector alone"
            stated = read_json(folder / ADAPTER_CONFIG) if kind == "lora" else {}
            named = stated.get("base_model_name_or_path") or "the language model that it was trained on"
            raise ModelUnavailable(f"{folder}: {what}: give {named} as --base-model=FOLDER")
        weights = _whole(base, pickles)
        if kind == "projector":
            return cls(folder, base, kind, weights, (allowed(folder / PROJECTOR, pickles),))
        adapter = next((path for name in ADAPTER[1:] if (path := folder / name).is_file()), None)
        if adapter is None:
            raise ModelUnavailable(f"{folder}: no adapter: it has no {ADAPTER[1]}")
        added = allowed(adapter, pickles), allowed(folder / NON_LORA, pickles)
        return cls(folder, base, kind, weights, added, read_json(folder / ADAPTER_CONFIG))

    def tensors(self) -> dict[str, Tensor]:
        """All tensors by the names that they have in a full checkpoint, an adapter merged in.

        Those of a full checkpoint stay on the disk until they are used. Raises ModelUnavailable.
        """
        found = {name: value for path in self.weights for name, value in read_file(path)}
        if self.kind == "full":
            return found
        *adapter, last = self.added
        beside = _plain(finite_file(last))
        brought = [part for part in OWN if any(part in name for name in beside)]
        found = {name: value for name, value in found.items() if not any(part in name for part in brought)}
        found |= beside
        for path in adapter:
            _merge(path, finite_file(path), self.settings, found)
        return found

    def fingerprint(self, others: Sequence[Path], more: str, *, rehash: bool = False) -> str:
        """The sha256 of all files, of `others` (a tower's), and of `more` that answers hang on."""
        beside = {path for folder in (self.folder, self.base) for path in checkpoint.settings(folder)}
        if self.settings:
            beside.add(self.folder / ADAPTER_CONFIG)
        listed = sorted({*self.read, *beside, *others})
        lines = [f"{path.name} {fingerprint.file_digest(path, rehash=rehash)}" for path in listed]
        return hashlib.sha256("\n".join([*sorted(lines), more]).encode()).hexdigest()


def kind_of(folder: Path) -> str:
    """Whether a folder holds all weights, an adapter or a projector alone."""
    if (folder / ADAPTER_CONFIG).is_file():
        return "lora"
    whole = any(folder.glob("*.safetensors")) or any(folder.glob("pytorch_model*.bin"))
    return "projector" if (folder / PROJECTOR).is_file() and not whole else "full"


def read_tower(folder: Path) -> tuple[tuple[Path, ...], dict[str, Tensor]]:
    """The files and tensors of a tower's own folder. OpenAI's is a pickle, which is read as weights alone."""
    paths = weight_files(folder, pickled=True).read
    return paths, {name: value for path in paths for name, value in read_file(path)}


def _whole(folder: Path, pickles: bool) -> tuple[Path, ...]:
    """The files of a whole model; raises ModelUnavailable, with the option where there are only pickles."""
    try:
        return weight_files(folder, pickled=pickles).read
    except ModelUnavailable:
        if not pickles and any(folder.glob("pytorch_model*.bin")):
            allowed(next(iter(sorted(folder.glob("pytorch_model*.bin")))), pickles)
        raise


def allowed(path: Path, pickles: bool) -> Path:
    """The file, if it is there and may be read; raises ModelUnavailable."""
    if not path.is_file():
        raise ModelUnavailable(
            f"{path.parent}: no {path.name}, which holds what was trained beside the adapter"
        )
    if path.suffix in PICKLED and not pickles:
        raise ModelUnavailable(
            f"{path}: a pickle, a format that can run code when loaded; --allow-pickle reads it as weights "
            "alone"
        )
    return path


def read_file(path: Path) -> Iterator[tuple[str, Tensor]]:
    """The tensors of a file, by name; raises ModelUnavailable where it is damaged or holds anything else."""
    try:
        if path.suffix == ".safetensors":
            header(path)
            with safe_open(path, "pt") as file:
                yield from ((name, file.get_tensor(name)) for name in file.keys())  # noqa: SIM118
            return
        held = _unpickled(path)
    except ModelUnavailable:
        raise
    except Exception as error:  # a damaged file raises whatever its reader happens to
        if _no_room(error, path):
            raise ModelUnavailable(f"{path}: memory ran out while it was read") from error
        raise ModelUnavailable(f"{path}: can't be read as weights: {first_line(error)}") from error
    if not isinstance(held, dict) or not all(isinstance(value, Tensor) for value in held.values()):
        raise ModelUnavailable(f"{path}: holds other things than tensors by name")
    yield from ((str(name), value) for name, value in held.items())


def finite_file(path: Path) -> dict[str, Tensor]:
    """The tensors of a file that is put on others; raises ModelUnavailable as `require_finite`."""
    held = dict(read_file(path))
    require_finite(path, held)
    return held


def _no_room(error: Exception, path: Path) -> bool:
    """Whether memory ran out, and not by what a damaged file asks for: more than it can hold."""
    if isinstance(error, MemoryError):
        return True
    wanted = re.search(r"tried to allocate (\d+) bytes", str(error))
    return "allocate memory" in str(error) and (wanted is None or int(wanted[1]) <= path.stat().st_size)


def _unpickled(path: Path) -> Any:
    """What is in a pickle, of which nothing is run; files of old releases can't stay on the disk."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError:
        return torch.load(path, map_location="cpu", weights_only=True)


def _plain(beside: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors that were trained beside an adapter, by the names that a full checkpoint has for them.

    >>> list(_plain({"base_model.model.model.mm_projector.weight": torch.ones(1)}))
    ['model.mm_projector.weight']
    """
    found = {name.removeprefix("base_model."): value for name, value in beside.items()}
    if any(name.startswith("model.model.") for name in found):
        found = {name.removeprefix("model."): value for name, value in found.items()}
    return found


def _merge(
    path: Path, adapter: Mapping[str, Tensor], settings: Mapping[str, Any], into: dict[str, Tensor]
) -> None:
    """Add the products of an adapter to the weights that they belong to, in float32.

    Raises ModelUnavailable for an adapter of another kind, or of another model.
    """
    rank, alpha = _plain_lora(path.parent, settings)
    scale = alpha / (sqrt(rank) if settings.get("use_rslora") else rank)
    low = {_of_base(name, LOW): value for name, value in adapter.items() if name.endswith(LOW)}
    high = {_of_base(name, HIGH): value for name, value in adapter.items() if name.endswith(HIGH)}
    others = sorted(name for name in adapter if not name.endswith((LOW, HIGH)))
    lost = sorted({*others, *(low.keys() ^ high.keys()), *(name for name in low if name not in into)})
    if lost:
        raise ModelUnavailable(
            f"{path}: {len(lost)} of its tensors have no place in the base model, the first is {lost[0]}: "
            "it was trained on another"
        )
    for name, first in low.items():
        shapes = list(high[name].shape), list(first.shape), list(into[name].shape)
        if shapes[:2] != ([*shapes[2][:1], rank], [rank, *shapes[2][1:]]) or len(shapes[2]) != 2:
            low_shape, wanted = " x ".join(map(str, shapes[:2])), shapes[2]
            raise ModelUnavailable(f"{path}: adds {low_shape} of rank {rank} to {name} of {wanted}")
        added = scale * (high[name].float() @ first.float())
        into[name] = into[name].float() + added


def _plain_lora(folder: Path, settings: Mapping[str, Any]) -> tuple[int, float]:
    """The rank and alpha of an adapter; raises ModelUnavailable for one that merges otherwise."""
    unlike = {name: settings[name] for name in OTHERWISE if settings.get(name)}
    if (kind := settings.get("peft_type")) != "LORA":
        unlike["peft_type"] = kind
    if (begins := settings.get("init_lora_weights", True)) not in BEGINNINGS:
        unlike["init_lora_weights"] = begins
    rank, alpha = settings.get("r"), settings.get("lora_alpha")
    if type(rank) is not int or rank < 1:
        unlike["r"] = rank
    if type(alpha) not in (int, float) or not alpha:
        unlike["lora_alpha"] = alpha
    if unlike:
        listed = ", ".join(f"{name} {str(value)[:40]!r}" for name, value in unlike.items())
        raise ModelUnavailable(f"{folder}: an adapter of another kind than LoRA of one rank: {listed}")
    return int(rank or 0), float(alpha or 0)


def _of_base(name: str, ending: str) -> str:
    return name.removesuffix(ending).removeprefix("base_model.model.") + ".weight"
