"""The options of the checks, registered with pytest once."""

from argparse import ArgumentError
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from ipllvm.session.option import Option
from ipllvm.session.options import OPTIONS


def register(parser: pytest.Parser) -> list[str]:
    """Add every option, each also spelled --ipllvm-NAME, which stays where another plugin has the plain one.

    The spellings that others have taken; raises pytest's UsageError where even the long one is.
    """
    group = parser.getgroup("ipllvm", "property checks of large language-and-vision models")
    taken = []
    for row in OPTIONS.values():
        words = row.help.replace("%", "%%")  # argparse formats it
        for spellings in (row.spellings, [name for name in row.spellings if name.startswith("--ipllvm-")]):
            try:
                group.addoption(*spellings, dest=row.destination, help=words, **_settings(row))
                break
            except (ValueError, ArgumentError):
                taken += [name for name in spellings if not name.startswith("--ipllvm-")]
        else:
            raise pytest.UsageError(f"--ipllvm-{row.name}: another pytest plugin has taken this option")
    return taken


class Taken:
    """Keeps the spellings that other plugins have from the registration to the reading of options."""

    def __init__(self, spellings: Sequence[str]) -> None:
        self.spellings = tuple(spellings)


def refuse_taken(taken: Sequence[str], typed: Iterable[str]) -> None:
    """Raises pytest's UsageError where a spelling is used that another plugin has."""
    for word in typed:
        if (name := word.partition("=")[0]) in taken:
            raise pytest.UsageError(
                f"{name}: another pytest plugin has taken this option: write "
                f"--ipllvm-{name.removeprefix('--')}, or disable that plugin with -p no:NAME"
            )


def _settings(row: Option) -> dict[str, Any]:
    """What argparse is told of an option beside its names."""
    if row.flag:
        return {"action": "store_true"}
    shown = {"metavar": row.metavar or row.name.upper()}
    return {**shown, "action": "append"} if row.many else {**shown, "default": row.default}
