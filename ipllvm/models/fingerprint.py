"""A digest of what decides a model's answers: weights, config, processor, template, tokenizer.

Big local files are hashed once and remembered by path, size, times and inode; a large file in the
hub's cache is named by its own sha256, which is taken as it is.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from ipllvm.safety import reading, writing

SETTINGS = (
    "config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json",
    "chat_template.jinja", "chat_template.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json",
    "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
)  # fmt: skip
REMEMBERED_FROM = 1 << 20
SHA256 = re.compile("[0-9a-f]{64}")


def fingerprint(folder: Path, weights: Iterable[Path], *, rehash: bool = False) -> str:
    """The sha256 (64 hex digits) of a checkpoint's content, the same wherever it lies.

    `rehash` reads every byte again, whatever is remembered.
    """
    settings = [folder / name for name in SETTINGS if (folder / name).is_file()]
    lines = [f"{path.name} {file_digest(path, rehash=rehash)}" for path in sorted({*settings, *weights})]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def file_digest(path: Path, *, rehash: bool = False) -> str:
    """The sha256 of a file, read only where it is not known already."""
    real = path.resolve()
    if not rehash and real.parent.name == "blobs" and SHA256.fullmatch(real.name):
        return real.name
    status = real.stat()
    if status.st_size < REMEMBERED_FROM:
        return _read(real)
    times = f"{status.st_mtime_ns}|{status.st_ctime_ns}"  # a copy that keeps the first changes the second
    key = f"{real}|{status.st_size}|{times}|{status.st_ino}"
    known = _recall()
    if not rehash and key in known:
        return known[key]
    digest = _read(real)
    _remember(key, digest)
    return digest


def _read(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _store() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "ipllvm" / "digests.json"


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
