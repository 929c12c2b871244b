"""Checkpoints in the formats of their authors: how each kind becomes a model that answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from ipllvm.models import adapting, checkpoint, prompting
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.checkpoint import Checkpoint
from ipllvm.models.load_options import LoadOptions
from ipllvm.models.originals import adapters, inspecting
from ipllvm.models.originals import loading as original_loading
from ipllvm.models.originals.inspecting import Original
from ipllvm.models.pipeline import LoadedCheckpoint
from ipllvm.models.trol import loading as trol_loading
from ipllvm.models.trol import meteor_loading
from ipllvm.models.trol.loading import TrolFiles
from ipllvm.models.trol.meteor_loading import MeteorFiles


class Authored(Protocol):
    """A checkpoint that was inspected."""

    @property
    def checkpoint(self) -> Checkpoint:
        """What is read of it, and how large it is."""
        ...

    def fingerprint(self, *, rehash: bool = False) -> str:
        """The sha256 of all that answers hang on."""
        ...

    def model(self, dtype: torch.dtype) -> Any:
        """Transformers' model on the CPU; raises ModelUnavailable."""
        ...

    def sketched(self) -> Any:
        """The model without memory for its weights; raises ModelUnavailable."""
        ...

    def adapter(self, model: Any, name: str, digest: str) -> VisionLanguageModel:
        """The adapter around a model of it."""
        ...


@dataclass(frozen=True)
class AuthoredLlava:
    """LLaVA."""

    original: Original

    @property
    def checkpoint(self) -> Checkpoint:
        """See Authored."""
        return self.original.checkpoint

    def fingerprint(self, *, rehash: bool = False) -> str:
        """See Authored."""
        return self.original.fingerprint(rehash=rehash)

    def model(self, dtype: torch.dtype) -> Any:
        """See Authored."""
        return original_loading.load(self.original, dtype)

    def sketched(self) -> Any:
        """See Authored."""
        return original_loading.described(self.original)

    def adapter(self, model: Any, name: str, digest: str) -> VisionLanguageModel:
        """See Authored: what its tokenizer would cut off is too long."""
        parts = LoadedCheckpoint(model, self.original.processor, name, digest, prompting.CHECKPOINT)
        answering = _finished(adapters.adapter(parts), parts, self.checkpoint, self.original.notes)
        limit = self.original.settings.raw.get("tokenizer_model_max_length")
        if isinstance(limit, int) and limit > 0:
            answering.max_positions = min(limit, answering.max_positions or limit)
        return answering


@dataclass(frozen=True)
class AuthoredTrol:
    """TroL."""

    files: TrolFiles

    @property
    def checkpoint(self) -> Checkpoint:
        """See Authored."""
        return self.files.checkpoint

    def fingerprint(self, *, rehash: bool = False) -> str:
        """See Authored."""
        return self.files.fingerprint(rehash=rehash)

    def model(self, dtype: torch.dtype) -> Any:
        """See Authored."""
        return trol_loading.model(self.files, dtype)

    def sketched(self) -> Any:
        """See Authored."""
        return trol_loading.described(self.files)

    def adapter(self, model: Any, name: str, digest: str) -> VisionLanguageModel:
        """See Authored."""
        processor = trol_loading.processor(self.files, model)
        parts = LoadedCheckpoint(model, processor, name, digest, prompting.CHECKPOINT)
        return _finished(trol_loading.adapter(self.files, parts), parts, self.checkpoint, self.files.notes)


@dataclass(frozen=True)
class AuthoredMeteor:
    """Meteor."""

    files: MeteorFiles

    @property
    def checkpoint(self) -> Checkpoint:
        """See Authored."""
        return self.files.checkpoint

    def fingerprint(self, *, rehash: bool = False) -> str:
        """See Authored."""
        return self.files.fingerprint(rehash=rehash)

    def model(self, dtype: torch.dtype) -> Any:
        """See Authored."""
        return meteor_loading.model(self.files, dtype)

    def sketched(self) -> Any:
        """See Authored."""
        return meteor_loading.described(self.files)

    def adapter(self, model: Any, name: str, digest: str) -> VisionLanguageModel:
        """See Authored."""
        processor = meteor_loading.processor(self.files, model)
        parts = LoadedCheckpoint(model, processor, name, digest, prompting.CHECKPOINT)
        return _finished(meteor_loading.adapter(parts), parts, self.checkpoint, self.files.notes)


def inspect(family: str, folder: Path, how: LoadOptions, offline: bool) -> Authored:
    """A checkpoint of one of these families; raises ModelUnavailable and UnknownName, in one line."""
    return FORMATS[family](folder, how, offline)


FORMATS: Mapping[str, Callable[[Path, LoadOptions, bool], Authored]] = {
    checkpoint.ORIGINAL: lambda folder, how, offline: AuthoredLlava(inspecting.inspect(folder, how, offline)),
    checkpoint.TROL: lambda folder, how, offline: AuthoredTrol(TrolFiles.of(folder, how)),
    checkpoint.METEOR: lambda folder, how, offline: AuthoredMeteor(MeteorFiles.of(folder, how, offline)),
}
"""By the family that a folder is found to be of."""


def _finished(
    adapter: VisionLanguageModel, parts: LoadedCheckpoint, found: Checkpoint, notes: tuple[str, ...]
) -> VisionLanguageModel:
    answering = adapting.finished(adapter, parts)
    answering.weights = tuple(path.name for path in found.weights.read)
    answering.notes = (*notes, *adapting.notes(parts.model))
    return answering
