"""What was worked out once from a model and its answers: one small JSON file each, named by its content.

A self-check, a batch size, the identity of a model, the examples of a result: each is a function of what
its key names, so that it is read again where the key is the same and worked out where the file is missing,
damaged or of another version of ipllvm's measurement. Imports no torch.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ipllvm.engine.context import ENGINE, installed
from ipllvm.safety import reading, writing

Value = TypeVar("Value")
NAME = "derived"
PACKAGES = ("ipllvm", "torch", "transformers", "tokenizers", "pillow", "torchvision", "numpy")
"""Whose versions every key holds: any of them can make another value."""
LIMIT = 8 * reading.MIB


class Derived:
    """Values by key in a folder that any number of processes may share; without one nothing is kept."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._place = None if folder is None else writing.Place(folder)
        self._versions = [ENGINE, *map(installed, PACKAGES)]

    def once(self, kind: str, key: object, type: type[Value], make: Callable[[], Value]) -> Value:
        """The value of that key, made where it is not there; `key` is anything that JSON can hold."""
        found = self.find(kind, key, type)
        if found is None:
            found = make()
            self.keep(kind, key, found)
        return found

    def find(self, kind: str, key: object, type: type[Value]) -> Value | None:
        """The value of that key as a `type`; None where there is none that can be read."""
        if self._folder is None:
            return None
        try:
            return msgspec.json.decode(reading.file_bytes(self._file(kind, key), LIMIT), type=type)
        except (OSError, ValueError, msgspec.MsgspecError, RecursionError):
            return None

    def keep(self, kind: str, key: object, value: Any) -> None:
        """Write a value down; a folder that can't be written costs another computation and nothing else."""
        if self._place is None or value is None:
            return
        with suppress(OSError):
            self._place.ready()
            writing.replace(self._file(kind, key), msgspec.json.encode(value))

    def _file(self, kind: str, key: object) -> Path:
        assert self._folder is not None
        content = json.dumps([self._versions, kind, key], sort_keys=True)
        return self._folder / f"{kind}-{hashlib.sha256(content.encode()).hexdigest()[:40]}.json"


def bring(folder: Path, into: Path) -> None:
    """Copy the values of a folder that another one lacks; what can't be read or written is left out."""
    place = writing.Place(into)
    for file in sorted(folder.glob("*.json")):
        with suppress(OSError, ValueError):
            if not (into / file.name).exists():
                place.ready()
                writing.replace(into / file.name, reading.file_bytes(file, LIMIT))
