"""What completes the command line in a shell: a script that shtab makes from the parsers themselves."""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ipllvm.errors import UsageError

if TYPE_CHECKING:
    import pytest


def script(parser: argparse.ArgumentParser, passing_on: Iterable[argparse.ArgumentParser], shell: str) -> str:
    """The script for a shell; `passing_on` are the commands that take the options of the properties too.

    Raises UsageError where shtab is not installed.
    """
    try:
        import shtab
    except ImportError as error:
        raise UsageError("--completion needs the package shtab: pip install 'ipllvm[completion]'") from error
    from ipllvm.commands.suite import _Group
    from ipllvm.session.registration import register

    for each in passing_on:
        register(cast("pytest.Parser", _Group(each)))
    choices = names()
    for action in _actions(parser):
        found = next((choices[n] for n in (*action.option_strings, action.dest) if n in choices), None)
        if found is not None:
            action.choices = found
        elif action.type is Path:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    return str(shtab.complete(parser, shell=shell))


def names() -> dict[str, list[str]]:
    """What can stand behind an option or in a place, by its name."""
    from ipllvm.commands import properties
    from ipllvm.models import sources
    from ipllvm.paper.parts import keys
    from ipllvm.registry import BENCHMARKS
    from ipllvm.session.option import KnownWords
    from ipllvm.session.options import OPTIONS

    models = [*sources.EMBEDDED, *sources.HUB_ALIASES]
    measured = [name for name, *_ in properties.rows()]
    words = {
        spelled: [*row.parse.known]
        for row in OPTIONS.values()
        if isinstance(row.parse, KnownWords)
        for spelled in row.spellings
    }
    words |= {"--model": models, "--models": models, "model": models, "--only": [*keys()]}
    return words | {"--benchmark": [*BENCHMARKS], "--property": measured}


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """The options and places of a parser and of its commands and verbs."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _actions(inner)
