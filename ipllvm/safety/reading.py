"""What somebody else may have written, read within limits: files, JSON, TOML, compressed bytes.

Only regular files are opened, so that a pipe or a device keeps nobody waiting. Everything here raises
OSError where a file can't be read and `Refused`, a ValueError of one line without the file's name, for
what it holds: callers say which file it was and what to do. `docs/safety.md` lists the limits.
"""

import codecs
import errno
import json
import os
import stat
import tomllib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

MIB = 1 << 20
FILE_BYTES = 128 * MIB
"""The largest file that is read whole, unless its reader gives a limit of its own."""
TOML_BYTES = MIB
DEPTH = 64
"""How deep lists and tables may be nested."""
DIGITS = 40
"""The longest whole number; 2**128 has 39 digits."""
UNPACKED_BYTES = 32 * MIB
_SHOWN = 60


class Refused(ValueError):
    """What was read breaks a limit, or is not what it is said to be."""


def file_bytes(path: Path, limit: int = FILE_BYTES) -> bytes:
    """The content of a regular file of at most `limit` bytes; raises OSError and Refused."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    about = os.fstat(handle)
    if not stat.S_ISREG(about.st_mode):
        os.close(handle)  # a folder's is not closed by who fails to read it
        if stat.S_ISDIR(about.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        raise Refused("it is not a regular file")
    with os.fdopen(handle, "rb") as file:
        if about.st_size > limit:
            raise Refused(f"it has {about.st_size:,} bytes, more than {limit:,}")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise Refused(f"it has more than {limit:,} bytes")
    return content


def text_file(path: Path, limit: int = FILE_BYTES) -> str:
    """The content of a file as UTF-8, a byte order mark left out; raises OSError and Refused."""
    return _text(file_bytes(path, limit))


def json_file(path: Path, limit: int = FILE_BYTES, *, finite: bool = True) -> Any:
    """The value in a JSON file; raises OSError and Refused. See `json_value`."""
    return json_value(file_bytes(path, limit), finite=finite)


def json_value(text: str | bytes, *, finite: bool = True) -> Any:
    """What a JSON text means, nested at most `DEPTH` deep; raises Refused.

    A name that stands twice in a table is refused: who reads the text sees the first, and JSON's readers take
    the last. `finite` refuses NaN and the infinities, which JSON does not have and Python writes.

    >>> json_value('{"n": [1, 2.5]}')
    {'n': [1, 2.5]}
    >>> json_value("[" * 99 + "]" * 99)
    Traceback (most recent call last):
    ipllvm.safety.reading.Refused: it is nested more than 64 deep
    """
    options: dict[str, Any] = {"parse_int": _whole, "object_pairs_hook": _table}
    options |= {"parse_constant": _not_finite, "parse_float": _finite} if finite else {}
    try:
        value = json.loads(_text(text) if isinstance(text, bytes) else text, **options)
    except Refused as error:
        raise Refused(f"not JSON: {error}") from None
    except RecursionError:
        raise Refused(f"it is nested more than {DEPTH} deep") from None
    except ValueError as error:
        raise Refused(f"not JSON: {error}") from None
    return _shallow(value)


def toml_file(path: Path, limit: int = TOML_BYTES) -> dict[str, Any]:
    """The tables of a TOML file; raises OSError and Refused."""
    text = text_file(path, limit)
    try:
        return dict(_shallow(tomllib.loads(text, parse_float=_float)))
    except Refused:
        raise
    except RecursionError:
        raise Refused(f"it is nested more than {DEPTH} deep") from None
    except ValueError as error:
        raise Refused(" ".join(str(error).split())) from None


def inflated(data: bytes, limit: int = UNPACKED_BYTES) -> bytes:
    """What zlib has compressed, of at most `limit` bytes; raises Refused."""
    reader = zlib.decompressobj()
    try:
        made = reader.decompress(data, limit + 1)
    except zlib.error as error:
        raise Refused(f"it can't be unpacked: {error}") from None
    if len(made) > limit:
        raise Refused(f"it unpacks to more than {limit:,} bytes")
    if not reader.eof:
        raise Refused("it can't be unpacked: it is cut short")
    return made


def number(text: str) -> int:
    """A whole number of at most `DIGITS` digits; raises Refused where `text` is none.

    >>> number("12")
    12
    """
    if not (text.isascii() and text.removeprefix("-").isdecimal()):
        raise Refused("it is not a whole number")
    return _whole(text)


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise Refused(f"the name {twice[:_SHOWN]!a} stands twice in one table")
    return table


def _whole(text: str) -> int:
    if len(text) > DIGITS:
        raise Refused(f"a number of {len(text):,} digits")
    return int(text)


def _float(text: str) -> float:
    return float(text.replace("_", ""))


def _finite(text: str) -> float:
    value = float(text)
    return value if abs(value) != float("inf") else _not_finite(text[:DIGITS])


def _not_finite(text: str) -> NoReturn:
    raise Refused(f"a number that is not finite: {text}")


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise Refused("not UTF-8 but UTF-16") from None
        raise Refused(f"not UTF-8: {error.reason} at byte {error.start:,}") from None


def _shallow(value: Any) -> Any:
    """`value`, level by level no deeper than `DEPTH`; raises Refused."""
    level = [value]
    for _ in range(DEPTH):
        level = [part for each in level for part in _parts(each)]
        if not level:
            return value
    raise Refused(f"it is nested more than {DEPTH} deep")


def _parts(value: Any) -> Iterator[Any]:
    """The lists and tables right inside one."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (part for part in inside if isinstance(part, dict | list))
