"""Load Meteor from its authors' files: the MLM's folder, and that of its Mamba."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from jaxtyping import Int
from torch import Tensor, nn
from transformers import AutoConfig

from ipllvm.errors import ModelUnavailable, UnknownName, first_line
from ipllvm.models import sources
from ipllvm.models.checkpoint import Checkpoint
from ipllvm.models.json_files import read_json
from ipllvm.models.load_options import LoadOptions
from ipllvm.models.originals import tokenizer
from ipllvm.models.originals.files import OriginalFiles, read_file
from ipllvm.models.originals.loading import linear
from ipllvm.models.originals.processor import OriginalProcessor
from ipllvm.models.originals.templates import PICTURE, Template
from ipllvm.models.pipeline import LoadedCheckpoint
from ipllvm.models.trol import internlm2
from ipllvm.models.trol.asking import BEGIN, END, WholeTokenizer
from ipllvm.models.trol.meteor import Meteor, Rationale
from ipllvm.models.trol.pictures import Squeezed
from ipllvm.models.weight_files import WeightFiles, weight_files
from ipllvm.models.weights import WITHOUT_HEAD, from_tensors, require_taken

MAMBA = "BK-Lee/Meteor-Mamba"
WANTED = ("*.json", "*.safetensors", "*.model")
TOR, RATIONALES = "<tor>", 10
ASKED = Template(
    "meteor",
    f"<s>{TOR * RATIONALES}{BEGIN}system\nYou should give helpful answer to user based on the rationale."
    f"{END}\n{BEGIN}user\n",
    f"{END}\n{BEGIN}assistant\n",
    END,
)
READ = Template(
    "meteor-mamba", f"<s>{BEGIN}user\n", f"{END}\n{BEGIN}rationale\n{TOR * RATIONALES}{END}\n</s>"
)
"""What the Mamba reads."""
BACKBONE = "backbone."
OWN = re.compile(r"backbone\.|(vision|tor)_proj\.[02]\.(weight|bias)$")


class MeteorProcessor(OriginalProcessor):
    """A processor that also makes what the Mamba reads."""

    def rationale(self, question: str, pictures: int) -> Int[Tensor, "1 positions"]:
        """The ids, [1, positions]."""
        text = READ.render(question, pictures, False)
        ids: Tensor = self.tokenizer(text.replace(PICTURE, PICTURE * self._places))["input_ids"]
        return ids


@dataclass(frozen=True, slots=True)
class MeteorFiles:
    """The files of Meteor: of its MLM in `folder`, and of its `mamba`."""

    folder: Path
    mamba: Path
    raw: Mapping[str, Any] = field(repr=False)
    weights: WeightFiles = field(repr=False)
    mamba_weights: WeightFiles = field(repr=False)
    tensors: Mapping[str, Tensor] = field(repr=False)
    mamba_tensors: Mapping[str, Tensor] = field(repr=False)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of a report would not expect."""
        return (
            "visual tokens are perturbed before both projectors, the MLM's and the Mamba's: both read the "
            "picture so; layers are the MLM's, with a clean rationale",
            f"its Mamba is {self.mamba.name}, in float32",
        )

    @property
    def checkpoint(self) -> Checkpoint:
        """It as any other checkpoint."""
        read = WeightFiles(
            (*self.weights.read, *self.mamba_weights.read),
            {**self.weights.tensors, **{f"mamba.{n}": t for n, t in self.mamba_weights.tensors.items()}},
        )
        return Checkpoint(
            self.folder, "llava", read, {"vision_config": {"image_size": 490, "patch_size": 14}}
        )

    @property
    def rows(self) -> int:
        """How many tokens have an embedding: the last are <image> and <tor>."""
        return len(self.tensors["model.tok_embeddings.weight"])

    def fingerprint(self, *, rehash: bool = False) -> str:
        """The sha256 of all that answers hang on."""
        files = OriginalFiles(self.folder, self.mamba, "full", self.checkpoint.weights.read)
        return files.fingerprint([], "meteor", rehash=rehash)

    @classmethod
    def of(cls, folder: Path, how: LoadOptions, offline: bool) -> "MeteorFiles":
        """Those of a folder and of its Mamba's; raises ModelUnavailable, in one line."""
        mamba = _mamba(folder, how.base_model, offline)
        raw = read_json(folder / "config.json")
        if raw.get("quantization_config"):
            raise ModelUnavailable(f"{folder}: its weights are quantised: save them in full precision")
        own, other = (weight_files(each, pickled=how.allow_pickle) for each in (folder, mamba))
        held = [
            {name: value for path in files.read for name, value in read_file(path)} for files in (own, other)
        ]
        return cls(folder, mamba, raw, own, other, held[0], held[1])


def described(files: MeteorFiles) -> Any:
    """Transformers' model of the MLM without memory for its weights; raises ModelUnavailable."""
    kind = transformers.LlavaForConditionalGeneration
    try:
        with torch.device("meta"):
            return kind(internlm2.config(files.raw, files.tensors, files.rows - 2))
    except Exception as error:
        why = first_line(error)
        raise ModelUnavailable(f"{files.folder}: config.json describes no Meteor: {why}") from error


def model(files: MeteorFiles, dtype: torch.dtype) -> Any:
    """Transformers' model of the MLM, with its rationale beside it; raises ModelUnavailable."""
    answering = internlm2.model(files.folder, described(files), files.tensors, dtype)
    answering.rationale = _rationale(files)
    return answering.eval().requires_grad_(False)


def processor(files: MeteorFiles, answering: Any) -> MeteorProcessor:
    """The processor of a model: <image> and <tor> are the last tokens."""
    plain = tokenizer.load(files.folder, (PICTURE, TOR))
    return of_squares(plain, answering.config.vision_config.patch_size)


def of_squares(plain: Any, patch: int) -> MeteorProcessor:
    """The same with a tokenizer that knows <image> and <tor>."""
    whole, squares = WholeTokenizer(plain, PICTURE), Squeezed(patch)
    return MeteorProcessor(whole, squares, ASKED, False, internlm2.SIDE**2, None)


def adapter(parts: LoadedCheckpoint) -> Meteor:
    """The adapter of a loaded Meteor; a sketch has no rationale."""
    return Meteor(parts, getattr(parts.model, "rationale", None))


def _mamba(folder: Path, given: str, offline: bool) -> Path:
    """The folder of the Mamba: given, beside the MLM's, or the hub's."""
    beside = folder.parent / MAMBA.partition("/")[2]
    if not given and (beside / "config.json").is_file():
        return beside
    try:
        return sources.language_model(given or MAMBA, WANTED, offline)
    except (ModelUnavailable, UnknownName) as error:
        raise ModelUnavailable(
            f"{folder}: its Mamba is not here ({first_line(error)}); give its folder: --base-model=FOLDER"
        ) from error


def _rationale(files: MeteorFiles) -> Rationale:
    """The Mamba with its projectors; raises ModelUnavailable."""
    held, raw = files.mamba_tensors, read_json(files.mamba / "config.json")
    backbone = {n.removeprefix(BACKBONE): t for n, t in held.items() if n.startswith(BACKBONE)}
    require_taken(files.mamba, (n for n in held if not OWN.match(n)), WITHOUT_HEAD)
    unused = {"architectures", "model_type", "torch_dtype", "dtype", "transformers_version", "auto_map"}
    fields = {name: value for name, value in raw.items() if name not in unused}
    fields["vocab_size"] = len(backbone.get("embeddings.weight", ()))
    kind: Any = transformers.MambaModel
    try:
        with torch.device("meta"):
            shape = kind(AutoConfig.for_model("mamba", **fields))
        inward, outward = _between(held, "vision_proj"), _between(held, "tor_proj")
    except Exception as error:
        why = first_line(error)
        raise ModelUnavailable(f"{files.mamba}: describes no Mamba of Meteor's: {why}") from error
    mamba = from_tensors(files.mamba, shape, backbone, torch.float32, attention=None)
    return Rationale(mamba, inward, outward, files.rows - 2, files.rows - 1)


def _between(held: Mapping[str, Tensor], name: str) -> nn.Sequential:
    """Two linear layers with GELU between them."""
    first, last = (
        linear(held[f"{name}.{n}.weight"].float(), held[f"{name}.{n}.bias"].float()) for n in (0, 2)
    )
    return nn.Sequential(first, nn.GELU(), last)
