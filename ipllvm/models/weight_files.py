"""Which files of a folder hold its weights: those that transformers reads, and no doubt about it.

Transformers takes `model.safetensors` where there is one and the shards of the index otherwise, and
says nothing of what else lies there. Two saves into one folder therefore measure the older one; here
they are refused. Imports neither torch nor transformers.
"""

import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ipllvm.errors import ModelUnavailable
from ipllvm.models.json_files import read_json
from ipllvm.safety import reading

WHOLE, INDEX, PICKLE = "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"
PICKLE_INDEX = "pytorch_model.bin.index.json"
ADAPTER = ("adapter_config.json", "adapter_model.safetensors", "adapter_model.bin")
PICKLES = ("*.bin", "*.pt", "*.pth")
COARSE = ("F4", "F6", "F8")
HEADER_LIMIT = 100_000_000
_DAMAGES = (
    OSError, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, struct.error,
)  # fmt: skip
_SHARD = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")
_DISTRIBUTED = re.compile(r"shard-\d{5}-model-\d{5}-of-\d{5}\.safetensors")


class StoredTensor(NamedTuple):
    """A tensor as the header of its file tells: dtype ("F16", "I8", ...) and shape."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WeightFiles:
    """The files that are read, what is in them, and the names of weights beside them that are not read."""

    read: tuple[Path, ...]
    tensors: Mapping[str, StoredTensor]
    unread: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        """Numbers in all tensors; about, in a pickle, whose content is not looked at."""
        if not self.tensors:
            return sum(path.stat().st_size for path in self.read) // 4
        return sum(math.prod(tensor.shape) for tensor in self.tensors.values())

    @property
    def coarse(self) -> tuple[str, ...]:
        """What a report says of floats of 8 bits or fewer, where no quantiser is named that scales them."""
        kinds = [tensor.dtype for tensor in self.tensors.values() if tensor.dtype.startswith(COARSE)]
        counts = ((kind, kinds.count(kind)) for kind in sorted({*kinds}))
        stored = (f"{count:,} weights are stored in {kind[1]} bits ({kind})" for kind, count in counts)
        return tuple(f"{some} without scales, and read as they are" for some in stored)


def weight_files(folder: Path, *, pickled: bool = False) -> WeightFiles:
    """The weights of a folder; with `pickled` a PyTorch pickle will do where there is nothing else.

    Raises ModelUnavailable, in one line that says what to do, where two sets of weights, an adapter or a
    distributed checkpoint make it doubtful what would be measured, and where a file is not whole.
    """
    paths = _chosen(folder, pickled)
    unread = sorted(
        path.name
        for pattern in ("*.safetensors", *PICKLES)
        for path in folder.glob(pattern)
        if path not in paths and path.name != "training_args.bin"
    )
    return WeightFiles(paths, _all_tensors(paths), tuple(unread))


def _chosen(folder: Path, pickled: bool) -> tuple[Path, ...]:
    names = sorted(path.name for path in folder.iterdir())
    whole, index = folder / WHOLE, folder / INDEX
    _require_no_adapter(folder, names, bool({WHOLE, INDEX} & {*names}))
    if spread := next(filter(_DISTRIBUTED.fullmatch, names), None):
        raise ModelUnavailable(
            f"{folder}: a distributed checkpoint ({spread}); save it with save_pretrained from one process"
        )
    shards = [name for name in names if _SHARD.fullmatch(name)]
    if whole.is_file():
        shards += sorted(_of_index(folder) - {*shards, WHOLE})
        if shards:
            raise ModelUnavailable(
                f"{folder}: two sets of weights, {WHOLE} (which transformers reads) and {len(shards)} shards "
                f"({shards[0]}, ...), as after two saves: remove the set that is not meant"
            )
        return (whole,)
    if index.is_file():
        return _listed(folder, index, shards)
    if pickled and PICKLE in names:
        return (folder / PICKLE,)
    if pickled and PICKLE_INDEX in names:
        return _listed(folder, folder / PICKLE_INDEX, [], ".bin")
    raise ModelUnavailable(f"{folder}: {_why_none(folder, shards)}")


def _of_index(folder: Path) -> set[str]:
    """The files of this folder that an index lists, which may be left from an earlier save or damaged."""
    try:
        listed = read_json(folder / INDEX).get("weight_map")
    except ModelUnavailable:
        return set()
    names = {str(name) for name in listed.values()} if isinstance(listed, dict) else set()
    return {name for name in names if name == Path(name).name and (folder / name).is_file()}


def _require_no_adapter(folder: Path, names: list[str], weights: bool) -> None:
    adapter = next((name for name in ADAPTER if name in names), None)
    if adapter is None:
        return
    if weights:
        raise ModelUnavailable(
            f"{folder}: an adapter ({adapter}) lies beside the weights, which transformers applies where "
            "peft is installed and ignores elsewhere: merge it into them (peft's merge_and_unload), or move "
            "it away"
        )
    raise ModelUnavailable(
        f"{folder}: an adapter alone ({adapter}): measure its base model with --adapter, or merge it "
        "(peft's merge_and_unload) and save the result with save_pretrained"
    )


def _listed(folder: Path, index: Path, shards: list[str], ending: str = ".safetensors") -> tuple[Path, ...]:
    """The shards that the index lists, each in the folder, and no others beside them."""
    listed = read_json(index).get("weight_map")
    if not isinstance(listed, dict) or not listed:
        raise ModelUnavailable(f"{index}: lists no weight files")
    names = sorted({str(name) for name in listed.values()})
    for name in names:
        if name != Path(name).name or not name.endswith(ending):
            raise ModelUnavailable(f"{index}: lists {name!r}, which is no {ending[1:]} file of this folder")
        if not (folder / name).is_file():
            raise ModelUnavailable(f"{folder / name}: missing, but listed in {index.name}")
    if others := sorted({*shards} - {*names}):
        raise ModelUnavailable(
            f"{folder}: {others[0]} is not listed in {index.name}, as after two saves: remove the shards "
            "that are not meant, or save again into an empty folder"
        )
    return tuple(folder / name for name in names)


def _why_none(folder: Path, shards: list[str]) -> str:
    if shards:
        return f"shards ({shards[0]}, ...) without {INDEX}: save again with save_pretrained"
    pickles = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
    if pickles:
        return (
            f"only pickle weights ({pickles[0]}), which can run code when loaded; convert them to safetensors"
        )
    return f"no {WHOLE}"


def _all_tensors(paths: tuple[Path, ...]) -> dict[str, StoredTensor]:
    """What is in some files together; raises ModelUnavailable where a tensor is in two of them."""
    found: dict[str, StoredTensor] = {}
    for path in paths:
        if path.suffix == ".bin":
            continue
        tensors = header(path)
        if twice := sorted(found.keys() & tensors.keys()):
            raise ModelUnavailable(
                f"{path}: the weight {twice[0]!r} is in another shard too: save again into an empty folder"
            )
        found |= tensors
    return found


def header(path: Path) -> dict[str, StoredTensor]:
    """The tensors in a safetensors file, whose length must be what its header says.

    Raises ModelUnavailable for a file that is truncated, damaged or of another format.
    """
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > HEADER_LIMIT:
                raise ValueError(f"a header of {length} bytes")
            entries: dict[str, Any] = reading.json_value(file.read(length), finite=False)
        tensors = {name: entry for name, entry in entries.items() if name != "__metadata__"}
        end = max((entry["data_offsets"][1] for entry in tensors.values()), default=0)
        found = {n: StoredTensor(str(e["dtype"]), tuple(map(int, e["shape"]))) for n, e in tensors.items()}
    except _DAMAGES as error:
        raise ModelUnavailable(f"{path}: not a whole safetensors file ({error})") from error
    if size != 8 + length + end:
        raise ModelUnavailable(
            f"{path}: truncated or damaged, {size} bytes where its header says {8 + length + end}"
        )
    return found
