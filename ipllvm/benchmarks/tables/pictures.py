"""Pictures that a cell of a text file names or holds: a path, a data URI, base64."""

import base64
import binascii
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from ipllvm.benchmarks.cells import BadCell
from ipllvm.benchmarks.images import BYTES, EncodedImage, FileImage
from ipllvm.records import ImageSource

_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_DATA = re.compile(r"data:[^,]*;base64,", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{64,}={0,2}\s*")


class Keyed(ImageSource, Protocol):
    """A picture that can be told from others without decoding it."""

    def digest(self) -> bytes:
        """sha256 of the encoded bytes."""
        ...

    @property
    def several(self) -> bool:
        """Whether the file holds more than one picture, of which the first is shown."""
        ...


def picture(value: Any, column: str, root: Path, name: str) -> ImageSource | None:
    """The picture of a cell, None where there is none; paths go from `root` and stay below it.

    Raises BadCell. Nothing is decoded and no address is asked.
    """
    if isinstance(value, Mapping):
        value = value.get("bytes") or value.get("path")
    if value is None or value == "" or value != value:
        return None
    if isinstance(value, bytes):
        return EncodedImage(name, value)
    if not isinstance(value, str):
        raise BadCell(column, f"a picture's path or base64 is needed, not {type(value).__name__}")
    if match := _DATA.match(value):
        return EncodedImage(name, decoded(value[match.end() :], column))
    if _BASE64.fullmatch(value):
        return EncodedImage(name, decoded(value, column))
    return FileImage(str(below(value, column, root)))


def below(path: str, column: str, root: Path) -> Path:
    """The file that a path names, if it is below `root` and there; raises BadCell."""
    if _URL.match(path):
        raise BadCell(column, f"{path[:80]!r} is an address: download the picture and give its path")
    if len(path) > 4096 or "\0" in path:
        raise BadCell(column, "it is not a path")
    try:
        path.encode(errors="surrogateescape")
    except UnicodeEncodeError as error:
        raise BadCell(column, "it is not a path") from error
    try:
        top = Path(os.path.realpath(root))
        found = Path(os.path.realpath(top / path))
        if not found.is_relative_to(top):
            raise BadCell(column, f"{path[:80]!r} leads out of {top}")
        if not found.is_file():
            raise BadCell(column, f"there is no picture {path[:80]!r} in {top}")
    except (OSError, RuntimeError) as error:
        raise BadCell(column, f"{path[:80]!r} can't be read: {error}") from error
    return found


def decoded(text: str, column: str) -> bytes:
    """The bytes of base64; raises BadCell."""
    if len(text) > 2 * BYTES:
        raise BadCell(column, f"a picture of more than {BYTES >> 20} MiB")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadCell(column, f"it is not base64: {error}") from error
