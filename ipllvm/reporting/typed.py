"""The command of a run, typed again with other options: all else that was asked stays as it was."""

import shlex
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Final

from ipllvm.reporting import calls
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
    if command.startswith(calls.START):
        return calls.words(command) if len(command) < LONG else []
    try:
        found = shlex.split(command)
    except ValueError:
        return []
    started = any(found[: len(start)] == start for start in STARTS)
    return found if started and len(command) < LONG else []


def joined(typed: Sequence[str]) -> str:
    """The words as a command for a shell, or as a call where they are of one."""
    return calls.call(typed) if typed[:1] == [calls.START] else shlex.join(typed)


def in_memory(typed: Sequence[str]) -> bool:
    """Whether they are of a call that measures a model in memory."""
    return list(typed[:1]) == [calls.START] and not any(word.startswith("--model=") for word in typed)


def values(typed: Sequence[str], name: str) -> list[str]:
    """What an option says, each time that it is given.

    >>> values(["ipllvm", "check", "m", "--property", "a", "--property=b.py"], "property")
    ['a', 'b.py']
    """
    found = [(word.partition("="), after) for word, after in pairwise([*typed, ""])]
    return [value if equals else after for (word, equals, value), after in found if word == f"--{name}"]


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
