"""Checkpoints in the formats of their authors: how each kind becomes a model that answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch

from ipllvm.models import adapting, checkpoint, prompting
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.checkpoint import Checkpoint
from ipllvm.models.load_options import LoadOptions
from ipllvm.models.originals import adapters, inspecting
from ipllvm.models.originals import loading as original_loading
from ipllvm.models.pipeline import LoadedCheckpoint
from ipllvm.models.trol import loading as trol_loading
from ipllvm.models.trol import meteor_loading
from ipllvm.models.trol.loading import TrolFiles
from ipllvm.models.trol.meteor_loading import MeteorFiles


@runtime_checkable
class AuthoredFiles(Protocol):
    """The files of a checkpoint that were inspected, and what a report has to say of them."""

    @property
    def checkpoint(self) -> Checkpoint:
        """What is read of it, and how large it is."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """In words, what was measured in place of what its name may promise."""
        ...

    def fingerprint(self, *, rehash: bool = False) -> str:
        """The sha256 of all that answers hang on."""
        ...


@dataclass(frozen=True)
class Authored:
    """A checkpoint that was inspected.

    `model` makes transformers' model on the CPU in a dtype, `sketched` without memory for its weights, both
    raise ModelUnavailable; `processor` and `wrapped` make what goes around a model. A prompt of more than
    `limit` tokens would be cut by its tokenizer.
    """

    files: AuthoredFiles
    model: Callable[[torch.dtype], Any]
    sketched: Callable[[], Any]
    processor: Callable[[Any], Any]
    wrapped: Callable[[LoadedCheckpoint], VisionLanguageModel]
    limit: int | None = None

    @property
    def checkpoint(self) -> Checkpoint:
        """What is read of it, and how large it is."""
        return self.files.checkpoint

    def adapter(self, model: Any, name: str, digest: str) -> VisionLanguageModel:
        """The adapter around a model of it."""
        parts = LoadedCheckpoint(model, self.processor(model), name, digest, prompting.CHECKPOINT)
        answering = adapting.finished(self.wrapped(parts), parts)
        answering.weights = tuple(path.name for path in self.checkpoint.weights.read)
        coarse = self.checkpoint.weights.coarse
        answering.notes = (*self.files.notes, *coarse, *adapting.notes(model))
        if self.limit:
            answering.max_positions = min(self.limit, answering.max_positions or self.limit)
        return answering


def inspect(family: str, folder: Path, how: LoadOptions, offline: bool) -> Authored:
    """A checkpoint of one of these families; raises ModelUnavailable and UnknownName, in one line."""
    return FORMATS[family](folder, how, offline)


def _llava(folder: Path, how: LoadOptions, offline: bool) -> Authored:
    files = inspecting.inspect(folder, how, offline)
    limit = files.settings.raw.get("tokenizer_model_max_length")
    return Authored(
        files,
        partial(original_loading.load, files),
        partial(original_loading.described, files),
        lambda model: files.processor,
        adapters.adapter,
        limit if isinstance(limit, int) and limit > 0 else None,
    )


def _trol(folder: Path, how: LoadOptions, offline: bool) -> Authored:
    files = TrolFiles.of(folder, how)
    return Authored(
        files,
        partial(trol_loading.model, files),
        partial(trol_loading.described, files),
        partial(trol_loading.processor, files),
        partial(trol_loading.adapter, files),
    )


def _meteor(folder: Path, how: LoadOptions, offline: bool) -> Authored:
    files = MeteorFiles.of(folder, how, offline)
    return Authored(
        files,
        partial(meteor_loading.model, files),
        partial(meteor_loading.described, files),
        partial(meteor_loading.processor, files),
        meteor_loading.adapter,
    )


FORMATS: Mapping[str, Callable[[Path, LoadOptions, bool], Authored]] = {
    checkpoint.ORIGINAL: _llava,
    checkpoint.TROL: _trol,
    checkpoint.METEOR: _meteor,
}
"""By the family that a folder is found to be of."""
