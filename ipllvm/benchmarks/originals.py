"""What readers of original releases and of VLMEvalKit's tables share."""

import ast
import json
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

from ipllvm.benchmarks.jsonlines import numbered
from ipllvm.errors import UsageError
from ipllvm.safety import reading

PICTURES = (".jpg", ".png", ".jpeg", ".webp")
LETTERS = "ABCDEFGH"
_BESIDE = re.compile(r"""['"]\s*\w{0,2}['"]|[#\\]""")
"""Where a text may stand right behind another, as arrays are printed; without it there is no such place."""
_MARKS = (tokenize.STRING, tokenize.OP, tokenize.NAME, tokenize.NUMBER)


def json_file(path: Path) -> Any:
    """The value in a JSON file; raises UsageError."""
    try:
        return reading.json_file(path, finite=False)
    except (OSError, reading.Refused) as error:
        raise UsageError(f"{path}: can't be read: {error}") from error


def by_id(path: Path, value: Any) -> list[dict[str, Any]]:
    """The rows of a JSON file: a list of objects, or an object for each `id`; raises UsageError."""
    if isinstance(value, dict) and all(isinstance(row, dict) for row in value.values()):
        return [{"id": name, **row} for name, row in value.items()]
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return value
    raise UsageError(f"{path}: rows are a list of objects, or an object for each id")


def lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON-lines file; raises UsageError."""
    return [row for _, row in numbered(path)]


def picture_named(folder: Path, stem: str) -> Path | None:
    """The picture of that name, whatever its kind."""
    return next((p for suffix in PICTURES if (p := folder / f"{stem}{suffix}").is_file()), None)


def options(row: Mapping[str, Any]) -> list[str]:
    """The options in VLMEvalKit's columns A, B, C, ...; they end with the first blank one."""
    found: list[str] = []
    for letter in LETTERS:
        value = row.get(letter)
        if value is None or value == "" or value != value:
            break
        found.append(str(value))
    return found


def place_of(letter: object) -> int:
    """The place of an option by its letter alone, from 0; -1 for anything else, so that it is none's.

    >>> place_of("B"), place_of(""), place_of("AB"), place_of("b")
    (1, -1, -1, -1)
    """
    return LETTERS.index(letter) if isinstance(letter, str) and letter in tuple(LETTERS) else -1


def listed(value: Any) -> list[str]:
    """A list that is written as text, as JSON or as Python or numpy print it; empty where it is none.

    >>> listed('["red", 1]'), listed("['red' 'dark blue']"), listed("red, blue")
    (['red', '1'], ['red', 'dark blue'], [])
    """
    if not isinstance(value, str):
        return list(value) if isinstance(value, list | tuple) else []
    return [str(each) for each in _written(value)]


def texts_listed(value: Any) -> list[str]:
    """The same of texts in quotation marks alone: what else is in brackets may be meant as it stands.

    >>> texts_listed("['red', 'crimson']"), texts_listed("[1, 2]"), texts_listed("[red]")
    (['red', 'crimson'], [], [])
    """
    found = _written(value) if isinstance(value, str) and value.lstrip().startswith("[") else []
    return list(found) if all(isinstance(each, str) for each in found) else []


def _written(text: str) -> Sequence[Any]:
    for read in (json.loads, _printed, ast.literal_eval):
        try:
            found = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError, tokenize.TokenError):
            continue
        return found if isinstance(found, list | tuple) else []
    return []


def _printed(text: str) -> list[str]:
    """The texts of an array as numpy prints them, without commas, which Python would join; raises
    ValueError where none stands right behind another.
    """
    if not _BESIDE.search(text):
        raise ValueError("no two texts beside each other")
    marks = [t for t in tokenize.generate_tokens(StringIO(text).readline) if t.type in _MARKS]
    if not any(a.type == b.type == tokenize.STRING for a, b in pairwise(marks)):
        raise ValueError("no two texts without a comma between them")
    if any(mark.type in (tokenize.NAME, tokenize.NUMBER) for mark in marks):
        raise ValueError("something else than texts")
    return [ast.literal_eval(mark.string) for mark in marks if mark.type == tokenize.STRING]


def tables(folder: Path, suffix: str) -> Iterator[Path]:
    """The files of a folder with that suffix, not of folders inside it."""
    yield from sorted(path for path in folder.iterdir() if path.suffix.lower() == suffix)
