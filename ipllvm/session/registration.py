"""The options of the checks, registered with pytest once."""

from argparse import ArgumentError
from typing import Any

import pytest

from ipllvm.session.option import Option
from ipllvm.session.options import OPTIONS


def register(parser: pytest.Parser) -> None:
    """Add every option, each also spelled --ipllvm-NAME; raises pytest's UsageError where one is taken."""
    group = parser.getgroup("ipllvm", "property checks of large language-and-vision models")
    for row in OPTIONS.values():
        try:
            group.addoption(*row.spellings, dest=row.destination, help=row.help, **_settings(row))
        except (ValueError, ArgumentError):
            raise pytest.UsageError(
                f"--{row.name}: another pytest plugin has taken this option; disable it with -p no:NAME"
            ) from None


def _settings(row: Option) -> dict[str, Any]:
    """What argparse is told of an option beside its names."""
    if row.flag:
        return {"action": "store_true"}
    shown = {"metavar": row.metavar or row.name.upper()}
    return {**shown, "action": "append"} if row.many else {**shown, "default": row.default}
