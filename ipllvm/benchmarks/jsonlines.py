"""Rows of a file with one JSON object a line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ipllvm.errors import UsageError

LONGEST = 64 << 20
"""Bytes of a line: more is no row."""


def numbered(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number of the line, from 1; its object); blank lines are left out.

    Raises UsageError, in one line with the line's number, where it is no JSON object or where the file
    can't be read.
    """
    try:
        with path.open("rb") as lines:
            yield from _objects(path, lines)
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror or error}") from error


def _objects(path: Path, lines: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    number = 0
    while line := lines.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            raise UsageError(f"{path}: line {number} is longer than {LONGEST >> 20} MiB")
        if line.strip():
            yield number, _object(path, number, line)


def _object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except (ValueError, RecursionError) as error:
        why = " ".join(str(error).split())
        raise UsageError(f"{path}: line {number} is no JSON: {why}") from error
    if not isinstance(value, dict):
        raise UsageError(f"{path}: line {number} is no JSON object but {type(value).__name__}")
    return value
