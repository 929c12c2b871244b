"""How an outcome stands in the columns of a file, and what tells that it still is as it was written."""

import json
import zlib
from functools import lru_cache
from typing import Any

from ipllvm.records import Response, Trial
from ipllvm.safety.reading import json_value

_ENCODER = json.JSONEncoder(separators=(",", ":"))

Cell = str | bytes | int | float


def names(trial: Trial) -> tuple[Cell, ...]:
    """The columns that name a trial: sample, perturbation, draw, seed."""
    seed = trial.seed if trial.seed < 1 << 63 else str(trial.seed)
    return storable(trial.sample), storable(trial.perturbation), trial.draw, seed


def answer(key: bytes, created: float, response: Response) -> tuple[Cell, ...]:
    """The columns of an answer: created, text, tokens, options, checksum."""
    tokens = f"[{','.join(map(str, response.tokens))}]"
    options = _ENCODER.encode(response.options) if response.options else "[]"
    cells = created, storable(response.text), tokens, options
    return *cells, checksum(key, *cells)


def checksum(key: bytes, created: float, text: str | bytes, tokens: str, options: str) -> int:
    """The CRC-32 of a row: it tells what was changed by accident, not what was forged.

    >>> checksum(b"k", 1.5, "red", "[5]", "[]") == checksum(b"k", 1.5, "red", "[6]", "[]")
    False
    """
    words = text.encode() if isinstance(text, str) else text
    return zlib.crc32(b"\0".join((key, f"{created!r} {tokens} {options}".encode(), words)))


def response(text: str | bytes, tokens: str, options: str) -> Response:
    """The answer behind its columns; raises ValueError or TypeError where they hold none."""
    return Response(plain(text), _numbers(tokens), None, _numbers(options))


def storable(text: str) -> str | bytes:
    """Text as it is; as bytes where a lone surrogate keeps it from being UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def plain(cell: str | bytes) -> str:
    """The text of a cell, lone surrogates included."""
    return cell if isinstance(cell, str) else cell.decode("utf-8", "surrogatepass")


@lru_cache(maxsize=1 << 14)
def _numbers(cell: str) -> tuple[Any, ...]:
    """Few answers are said often. Raises ValueError for what is not a list of numbers."""
    found = json_value(cell, finite=False)
    if not isinstance(found, list) or not all(type(number) in (int, float) for number in found):
        raise ValueError("no list of numbers")
    return tuple(found)
