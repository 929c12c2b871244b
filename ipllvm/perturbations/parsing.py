"""A perturbation from its printed form, so that a report alone can repeat a trial."""

from collections.abc import Callable, Sequence
from dataclasses import Field, fields
from typing import Any

from ipllvm.errors import UsageError
from ipllvm.records import Perturbation
from ipllvm.registry import PERTURBATIONS
from ipllvm.safety.printing import visible


def parse(text: str) -> Perturbation:
    """The registered perturbation that prints itself as `text`.

    Raises UnknownName for a name that is not registered, UsageError for anything else.

    >>> str(parse("drop(cells=0+3, grid=2)"))
    'drop(cells=0+3, grid=2)'
    """
    name, opening, rest = text.partition("(")
    kind = PERTURBATIONS.load(name)
    declared = fields(kind)
    words = _words(opening + rest, [field.name for field in declared])
    if words is None:
        raise UsageError(f"{visible(repr(text))} is not what a perturbation prints, such as {str(kind())!r}")
    try:
        values = {field.name: _read(field, word) for field, word in zip(declared, words, strict=True)}
    except (KeyError, ValueError) as error:
        why = visible(str(error))
        raise UsageError(f"{visible(repr(text))} is not what a perturbation prints: {why}") from error
    made: Perturbation = kind(**values)
    return made


def _words(text: str, names: Sequence[str]) -> list[str] | None:
    """What stands behind each name in "(a=1, b=2)", in one pass; None where that is not its form."""
    if not names or not text.startswith("(") or not text.endswith(")"):
        return [] if not names and not text else None
    parts, rest = [], f", {text[1:-1]}"
    for name in names:
        value, mark, rest = rest.partition(f", {name}=")
        if not mark:
            return None
        parts.append(value)
    return None if parts[0] else [*parts[1:], rest]


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
