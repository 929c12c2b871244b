"""Load TroL from its authors' files: safetensors, and its gates, which are a pickle beside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor

from ipllvm.errors import ModelUnavailable, first_line
from ipllvm.models.checkpoint import TROL_GATES, Checkpoint
from ipllvm.models.json_files import read_json
from ipllvm.models.load_options import LoadOptions
from ipllvm.models.originals.files import OriginalFiles, allowed, finite_file, read_file
from ipllvm.models.originals.processor import OriginalProcessor
from ipllvm.models.pipeline import LoadedCheckpoint
from ipllvm.models.trol import asking, internlm2, internvit
from ipllvm.models.trol.adapters import Traversed, Trol, TrolTiles
from ipllvm.models.trol.traversal import require_gates, traverse
from ipllvm.models.weight_files import WeightFiles, weight_files
from ipllvm.models.weights import from_tensors

FUSED = "model.layers.0.attention.wqkv.ffn.weight"
EMBEDDINGS = "model.tok_embeddings.weight"
PHI_HEAD = "language_model.lm_head.weight"


@dataclass(frozen=True, slots=True)
class TrolFiles:
    """The files of a TroL checkpoint and what is in them."""

    folder: Path
    raw: Mapping[str, Any] = field(repr=False)
    weights: WeightFiles = field(repr=False)
    tensors: Mapping[str, Tensor] = field(repr=False)
    gates: Mapping[str, Tensor] = field(repr=False)

    @property
    def tiled(self) -> bool:
        """Whether the picture is cut into tiles and the decoder is Phi-3."""
        return FUSED not in self.tensors

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of a report would not expect."""
        last = self.gates[f"{len(self.gates) // 2 - 1}.weight"]
        alike = all(torch.equal(gate, last) for name, gate in self.gates.items() if name.endswith("weight"))
        differ = "its gates differ from layer to layer: the last is used for all, as its authors' code does"
        steps = (
            "a token is another alone than in a longer pass: answers go step by step, no draft is verified"
        )
        return (steps,) if alike else (steps, differ)

    @property
    def checkpoint(self) -> Checkpoint:
        """It as any other checkpoint: what is read, and how large it is."""
        family = "internvl" if self.tiled else "llava"
        shape = {"vision_config": {"image_size": 490, "patch_size": 14}}
        read = WeightFiles((*self.weights.read, self.folder / TROL_GATES), self.weights.tensors)
        return Checkpoint(self.folder, family, read, shape)

    def fingerprint(self, *, rehash: bool = False) -> str:
        """The sha256 of all that answers hang on."""
        files = OriginalFiles(self.folder, self.folder, "full", self.weights.read)
        return files.fingerprint([self.folder / TROL_GATES], "trol", rehash=rehash)

    @classmethod
    def of(cls, folder: Path, how: LoadOptions) -> "TrolFiles":
        """Those of a folder; raises ModelUnavailable, in one line."""
        found = weight_files(folder, pickled=how.allow_pickle)
        tensors = {name: value for path in found.read for name, value in read_file(path)}
        gates = finite_file(allowed(folder / TROL_GATES, how.allow_pickle))
        raw = read_json(folder / "config.json")
        if raw.get("quantization_config"):
            raise ModelUnavailable(f"{folder}: its weights are quantised: save them in full precision")
        return cls(folder, raw, found, tensors, gates)


def model(files: TrolFiles, dtype: torch.dtype) -> Any:
    """Transformers' model with layers that run twice, on the CPU; raises ModelUnavailable."""
    answering = (
        _tiled(files, dtype)
        if files.tiled
        else internlm2.model(files.folder, described(files), files.tensors, dtype)
    )
    traverse(answering.get_decoder(), files.gates, files.folder / TROL_GATES)
    return answering.eval().requires_grad_(False)


def described(files: TrolFiles) -> Any:
    """Transformers' model without memory for its weights; raises ModelUnavailable."""
    name = "InternVLForConditionalGeneration" if files.tiled else "LlavaForConditionalGeneration"
    try:
        with torch.device("meta"):
            found = getattr(transformers, name)(_config(files))
    except Exception as error:
        why = first_line(error)
        raise ModelUnavailable(f"{files.folder}: config.json describes no TroL: {why}") from error
    require_gates(found.get_decoder(), files.gates, files.folder / TROL_GATES)
    return found


def processor(files: TrolFiles, found: Any) -> OriginalProcessor:
    """The processor of a model."""
    vision = found.config.vision_config
    if not files.tiled:
        return asking.processor(files.folder, vision.patch_size)
    side = int(vision.image_size[0])
    places = int((side // vision.patch_size[0] * found.config.downsample_ratio) ** 2)
    return asking.tiles_processor(files.folder, side, places)


def adapter(files: TrolFiles, parts: LoadedCheckpoint) -> Traversed:
    """The adapter of a loaded TroL."""
    return TrolTiles(parts) if files.tiled else Trol(parts)


def _config(files: TrolFiles) -> Any:
    """Transformers' config; an image token is the one behind all others, or as config.json says."""
    rows = len(files.tensors[PHI_HEAD if files.tiled else EMBEDDINGS])
    place = int(files.raw.get("image_token_index") or rows - 1)
    return (
        internvit.config(files.raw, place)
        if files.tiled
        else internlm2.config(files.raw, files.tensors, place)
    )


def _internlm2(files: TrolFiles, dtype: torch.dtype) -> Any:
    return internlm2.model(files.folder, described(files), files.tensors, dtype)


def _tiled(files: TrolFiles, dtype: torch.dtype) -> Any:
    return from_tensors(files.folder, described(files), internvit.renamed(files.tensors), dtype)
