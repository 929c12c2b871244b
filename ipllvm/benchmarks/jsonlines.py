"""Rows of a file with one JSON object a line, also with a comma behind each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ipllvm.errors import UsageError
from ipllvm.safety import reading

LONGEST = 64 * reading.MIB
"""Bytes of a line: more is no row."""
BOM = b"\xef\xbb\xbf"
GZIP = b"\x1f\x8b"
ONE_VALUE = "{}: it is one JSON value, not one a line: rename it to end in .json"


def in_lines(path: Path) -> bool:
    """Whether a file that may be one JSON value holds an object a line: its first line is one, of several."""
    try:
        with path.open("rb") as lines:
            first, second = (lines.readline(LONGEST) for _ in range(2))
    except OSError:
        return False  # told by who reads it
    return bool(second.strip()) and _bare(first).startswith(b"{") and _bare(first).endswith(b"}")


def numbered(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number of the line, from 1; its object); blank lines are left out.

    Raises UsageError, in one line with the line's number, where it is no JSON object or where the file
    can't be read.
    """
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: can't be read: it is not a regular file")
    try:
        with path.open("rb") as lines:
            yield from _objects(path, lines)
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror or error}") from error


def _objects(path: Path, lines: BinaryIO) -> Iterator[tuple[int, dict[str, Any]]]:
    number = 0
    while line := lines.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            raise UsageError(f"{path}: line {number} is longer than {LONGEST >> 20} MiB")
        if number == 1:
            _check_kind(path, line, lines)
        if line.strip().removeprefix(BOM).strip():
            yield number, _object(path, number, line)


def _check_kind(path: Path, first: bytes, others: BinaryIO) -> None:
    """Raises UsageError where a file is packed, or one JSON value over many lines."""
    if first.startswith(GZIP):
        raise UsageError(f"{path}: it is packed with gzip: unpack it first")
    if _bare(first) in (b"[", b"{") and others.readline(LONGEST):
        raise UsageError(ONE_VALUE.format(path))


def _bare(line: bytes) -> bytes:
    """Without blanks, a mark at a file's beginning, and the comma that some write behind an object."""
    return line.strip().removeprefix(BOM).removesuffix(b",")


def _object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        value = reading.json_value(_bare(line), finite=False)
    except reading.Refused as error:
        raise UsageError(f"{path}: line {number} is {error}") from error
    if isinstance(value, list) and number == 1:
        raise UsageError(ONE_VALUE.format(path))
    if not isinstance(value, dict):
        raise UsageError(f"{path}: line {number} is not a JSON object but {type(value).__name__}")
    return value
