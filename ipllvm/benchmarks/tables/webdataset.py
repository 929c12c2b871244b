"""Rows of WebDataset's tar files: a picture and its class under one name; pictures stay in the file."""

import tarfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from PIL import Image

from ipllvm.benchmarks.frames import holds_several
from ipllvm.benchmarks.images import BYTES, EncodedImage
from ipllvm.errors import UsageError

PICTURES = ("webp", "jpg", "jpeg", "png")
LABEL_BYTES = 64


@dataclass(frozen=True, slots=True)
class TarImage:
    """A picture in a tar file."""

    file: str
    name: str
    start: int
    size: int
    key: bytes
    several: bool = False

    def load(self) -> Image.Image:
        """The picture in RGB; raises OSError where it can't be read or decoded."""
        with Path(self.file).open("rb") as stream:
            stream.seek(self.start)
            return EncodedImage(self.name, stream.read(self.size)).load()

    def digest(self) -> bytes:
        """sha256 of the encoded bytes."""
        return self.key


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file: `__key__`, `image` and `cls`; raises UsageError."""
    found: dict[str, dict[str, Any]] = {}
    if not path.is_file():
        raise UsageError(f"{path}: can't be read: it is not a regular file")
    try:
        with tarfile.open(path, "r:") as archive, path.open("rb") as stream:
            for member in archive:
                key, _, suffix = member.name.rpartition("/")[2].partition(".")
                if member.isreg() and member.size <= BYTES:
                    _put(found.setdefault(key, {"__key__": key}), str(path), member, suffix.lower(), stream)
    except (OSError, ValueError, OverflowError, tarfile.TarError) as error:
        raise UsageError(f"{path}: can't be read: {error}") from error
    return list(found.values())


def _put(row: dict[str, Any], file: str, member: tarfile.TarInfo, suffix: str, stream: Any) -> None:
    stream.seek(member.offset_data)
    if suffix == "cls" and member.size <= LABEL_BYTES:
        row["cls"] = stream.read(member.size).decode("ascii", "replace").strip()
    elif suffix in PICTURES:
        data = stream.read(member.size)
        place, key = (member.offset_data, member.size), sha256(data).digest()
        row["image"] = TarImage(file, member.name, *place, key, holds_several(data))
