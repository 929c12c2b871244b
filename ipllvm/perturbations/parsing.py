"""A perturbation from its printed form, so that a report alone can repeat a trial."""

import re
from collections.abc import Callable
from dataclasses import Field, fields
from typing import Any

from ipllvm.errors import UsageError
from ipllvm.records import Perturbation
from ipllvm.registry import PERTURBATIONS


def parse(text: str) -> Perturbation:
    """The registered perturbation that prints itself as `text`.

    Raises UnknownName for a name that is not registered, UsageError for anything else.

    >>> str(parse("drop(cells=0+3, grid=2)"))
    'drop(cells=0+3, grid=2)'
    """
    name, opening, rest = text.partition("(")
    kind = PERTURBATIONS.load(name)
    asked = fields(kind)
    pattern = r"\(" + ", ".join(f"{field.name}=(.*?)" for field in asked) + r"\)" if asked else ""
    found = re.fullmatch(pattern, opening + rest)
    if found is None:
        raise UsageError(f"{text!r} is not what a perturbation prints, such as {str(kind())!r}")
    try:
        values = {field.name: _read(field, word) for field, word in zip(asked, found.groups(), strict=True)}
    except (KeyError, ValueError) as error:
        raise UsageError(f"{text!r} is not what a perturbation prints: {error}") from error
    made: Perturbation = kind(**values)
    return made


def _read(field: "Field[Any]", word: str) -> Any:
    special: dict[Any, Any] = {
        bool: {"True": True, "False": False}.__getitem__,
        tuple[int, ...]: _numbers,
        tuple[tuple[int, int], ...]: _pairs,
    }
    made: Callable[[str], Any] = special.get(field.type, field.type)
    return made(word)


def _numbers(word: str) -> tuple[int, ...]:
    return () if word == "none" else tuple(int(part) for part in word.split("+"))


def _pairs(word: str) -> tuple[tuple[int, ...], ...]:
    parts = () if word == "none" else word.split("+")
    return tuple(tuple(int(place) for place in part.split("-", 1)) for part in parts)
