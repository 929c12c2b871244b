"""What other models make of an image: computed once by a provider, kept by content."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from ipllvm.errors import UnknownName
from ipllvm.safety import reading, writing

if TYPE_CHECKING:
    from PIL import Image

KEPT = 512
"""Artifacts that are held in memory where there is a folder to read the others from again."""


@runtime_checkable
class Provider(Protocol):
    """Makes one kind of artifact; `identity` says which model with which weights it is."""

    @property
    def identity(self) -> str:
        """The same words for the same results."""
        ...

    def of(self, image: "Image.Image") -> np.ndarray:
        """What it makes of an image, a pure function."""
        ...


class Artifacts:
    """Artifacts by kind and by image content, on disk where a folder is given, else all in memory.

    On disk each is one .npy file, written whole or not at all, that any number of processes may
    share. A damaged file, or a folder that can't be written to, costs a computation and nothing else.
    """

    def __init__(self, providers: Mapping[str, Provider], folder: Path | None = None) -> None:
        self._providers = dict(providers)
        self._folder = folder
        self._place = None if folder is None else writing.Place(folder)
        self._known: dict[str, np.ndarray] = {}
        self._lock = Lock()  # pictures are prepared by threads

    def __reduce__(self) -> tuple[type["Artifacts"], tuple[dict[str, Provider]]]:
        """For another machine: the providers, without the folder, which is this one's."""
        return Artifacts, (self._providers,)

    def along(self, kind: str, provider: Provider) -> "Artifacts":
        """These artifacts, in the same folder, and those of one more provider."""
        return Artifacts({**self._providers, kind: provider}, self._folder)

    def identity(self, kind: str) -> str:
        """Which provider it is; raises UnknownName for a kind without provider."""
        return self._provider(kind).identity

    def _provider(self, kind: str) -> Provider:
        if kind not in self._providers:
            raise UnknownName("kind of artifact", kind, self._providers)
        return self._providers[kind]

    def get(self, kind: str, image: "Image.Image") -> np.ndarray:
        """The artifact of an image, read-only; raises UnknownName for a kind without provider."""
        provider = self._provider(kind)
        name = f"{kind}-{_digest(provider.identity, image)}"
        with self._lock:
            if name not in self._known:
                found = self._read(name)
                if found is None:
                    found = provider.of(image)
                    self._write(name, found)
                found.setflags(write=False)
                if self._folder is not None and len(self._known) == KEPT:
                    self._known.clear()
                self._known[name] = found
            return self._known[name]

    def _read(self, name: str) -> np.ndarray | None:
        if self._folder is None:
            return None
        try:
            data = reading.file_bytes(self._folder / f"{name}.npy")
            found: np.ndarray = np.load(BytesIO(data), allow_pickle=False)
        except (OSError, ValueError, EOFError, MemoryError):
            return None
        return found

    def _write(self, name: str, artifact: np.ndarray) -> None:
        if self._folder is None or self._place is None:
            return
        made = BytesIO()
        np.save(made, artifact, allow_pickle=False)
        with suppress(OSError):
            self._place.ready()
            writing.replace(self._folder / f"{name}.npy", made.getvalue())


def _digest(identity: str, image: "Image.Image") -> str:
    what = f"{identity}|{image.mode}|{image.size}|".encode()
    return hashlib.sha256(what + image.tobytes()).hexdigest()
