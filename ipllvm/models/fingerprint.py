"""A digest of the files that decide a model's answers.

Big files are hashed once and remembered by path, size, times and inode. The name of a blob in the hub's
cache, which is its sha256, is not believed: the file may have been written over since.
"""

import hashlib
import json
import re
import time
from collections.abc import Iterable
from pathlib import Path

from ipllvm.safety import places, reading, writing

REMEMBERED_FROM = 1 << 20
SETTLED_SECONDS = 2.0
"""A file that was written so recently may be written again without any of its times changing."""
SHA256 = re.compile("[0-9a-f]{64}")


def fingerprint(folder: Path, files: Iterable[Path], *, rehash: bool = False) -> str:
    """The sha256 (64 hex digits) of some files of a folder by name and content, wherever it lies.

    `rehash` reads every byte again, whatever is remembered.
    """
    named = sorted((path.relative_to(folder).as_posix(), path) for path in files)
    lines = [f"{name} {file_digest(path, rehash=rehash)}" for name, path in named]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def file_digest(path: Path, *, rehash: bool = False) -> str:
    """The sha256 of a file, read only where it is not known already."""
    real = path.resolve()
    status = real.stat()
    if status.st_size < REMEMBERED_FROM:
        return _read(real)
    key = stamp(real)
    known = _recall()
    if not rehash and key in known:
        return known[key]
    digest = _read(real)
    if time.time() - status.st_ctime > SETTLED_SECONDS and stamp(real) == key:
        _remember(key, digest)
    return digest


def stamp(path: Path) -> str:
    """What changes when a file is written, renamed or replaced: its place, size, times and inode."""
    real = path.resolve()
    status = real.stat()
    times = f"{status.st_mtime_ns}|{status.st_ctime_ns}"  # a copy that keeps the first changes the second
    return f"{real}|{status.st_size}|{times}|{status.st_ino}"


def _read(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _store() -> Path:
    return places.cache() / "digests.json"


def _recall() -> dict[str, str]:
    """What is remembered; nothing where the store is missing or damaged."""
    try:
        entries = reading.json_file(_store())
    except (OSError, ValueError, RuntimeError):
        return {}
    if not isinstance(entries, dict):
        return {}
    return {
        key: value for key, value in entries.items() if isinstance(value, str) and SHA256.fullmatch(value)
    }


def _remember(key: str, digest: str) -> None:
    """Add one digest, dropping older ones of the same file; a read-only home is no error."""
    file = key.split("|")[0]
    kept = {old: value for old, value in _recall().items() if old.split("|")[0] != file}
    try:
        store = _store()
        store.parent.mkdir(parents=True, exist_ok=True)
        writing.replace(store, json.dumps({**kept, key: digest}, indent=0))
    except (OSError, RuntimeError):
        return
