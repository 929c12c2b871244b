"""The command of a run, typed again with other options: all else that was asked stays as it was."""

import shlex
from collections.abc import Collection, Sequence
from typing import Final

from ipllvm.reporting.schema import Row
from ipllvm.reporting.text import visible

LONG: Final = 4_000
STARTS: Final = (["ipllvm", "check"], ["pytest"])
"""How a command begins that can be typed with other options."""
LETTERS: Final = {"-k": "keyword"}
"""Options of one letter that are typed otherwise, with their names here."""


def words(run: Row) -> list[str]:
    """What was typed, word by word; nothing where it can't be typed again: of a foreign report, or cut."""
    command = visible(str(run["command"]), LONG)
    try:
        found = shlex.split(command)
    except ValueError:
        return []
    started = any(found[: len(start)] == start for start in STARTS)
    return found if started and len(command) < LONG else []


def model(typed: Sequence[str]) -> str:
    """The model that `ipllvm check` names first; empty where it is named by an option.

    >>> model(["ipllvm", "check", "llava-tiny", "-v"]), model(["pytest", "properties"])
    ('llava-tiny', '')
    """
    first = typed[2] if list(typed[:2]) == STARTS[0] and len(typed) > 2 else "-"
    return "" if first.startswith("-") else first


def without(typed: Sequence[str], names: Collection[str], flags: Collection[str] = ()) -> list[str]:
    """The words without options of these names, which take a value each (`--name=value` or in two words),
    and without `flags`, which take none.

    >>> without(["ipllvm", "check", "m", "-k", "a or b", "--samples=9", "-v"], ("keyword", "samples"))
    ['ipllvm', 'check', 'm', '-v']
    >>> without(["pytest", "properties", "-ka", "--samples", "9"], ("keyword", "samples"))
    ['pytest', 'properties']
    """
    rest, skipped = [], False
    for word in typed:
        name, equals, _ = word.partition("=")
        letter = LETTERS.get(word[:2], "")
        if skipped:
            skipped = False
        elif letter in names and letter:
            skipped = len(word) == 2
        elif name.startswith("--") and name[2:] in names:
            skipped = not equals
        elif not (name.startswith("--") and name[2:] in flags):
            rest.append(word)
    return rest
