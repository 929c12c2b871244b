"""What completes the command line in a shell: a script that shtab makes from the parsers themselves."""

import argparse
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from ipllvm.errors import UsageError

if TYPE_CHECKING:
    import pytest

NAMED: Final = {"BEFORE", "AFTER", "RUN", "before", "after", "run", "runs", "report", "--baseline"}
"""Places and options of a command line that take a run or a baseline."""
_VALUED: Final = re.compile(r'^(  "[*]?--[\w-]+)\[(?=.*\]:)', re.MULTILINE)
"""An option with a value in zsh's script, which would complete `--option value`, not `--option=value`."""
_LIST: Final = (
    "{ echo latest; ls reports reports/baselines 2>/dev/null "
    "| sed -n -e '/budget/d' -e 's/[.]json//p' -e '/^[0-9-]*T[0-9-]*Z/p'; }"
)
_BASH: Final = """
# bash hands `--model=x` over as three words: the equals sign is left out; at the end it is an empty word.
_ipllvm() {
  local -a given=()
  local at=0 place=$COMP_CWORD number
  for number in "${!COMP_WORDS[@]}"; do
    if [[ ${COMP_WORDS[number]} == '=' && $number -ne $place ]]; then
      continue
    fi
    [[ $number -eq $place ]] && at=${#given[@]}
    given+=("${COMP_WORDS[number]#=}")
  done
  local -a COMP_WORDS=("${given[@]}")
  local COMP_CWORD=$at
  _shtab_ipllvm
}
complete -o bashdefault -F _ipllvm ipllvm
"""
RUNS: Final = {
    "preamble": {
        "bash": f'_ipllvm_runs() {{ compgen -W "$({_LIST})" -- "$1"; compgen -f -- "$1"; }}',
        "zsh": f'_ipllvm_runs() {{ compadd -- ${{(f)"$({_LIST})"}}; _files }}',
    },
    "bash": "_ipllvm_runs",
    "zsh": "_ipllvm_runs",
    "tcsh": "f",
    "fish": f"({_LIST.replace('{ ', 'begin; ').replace('; }', '; end')})",
}
"""Names are looked up when they are asked for: no interpreter is started."""


def script(parser: argparse.ArgumentParser, passing_on: Iterable[argparse.ArgumentParser], shell: str) -> str:
    """The script for a shell; `passing_on` are the commands that take the options of the properties too.

    Raises UsageError where shtab is not installed, or too old for the shell.
    """
    try:
        import shtab
    except ImportError as error:
        raise UsageError("--completion needs the package shtab: pip install 'ipllvm[completion]'") from error
    if shell not in shtab.SUPPORTED_SHELLS:
        raise UsageError(f"--completion {shell} needs a newer shtab: pip install --upgrade shtab")
    from ipllvm.commands.suite import _Group
    from ipllvm.session.registration import register

    for each in passing_on:
        register(cast("pytest.Parser", _Group(each)))
    choices = names()
    for action in _actions(parser):
        found = next((choices[n] for n in (*action.option_strings, action.dest) if n in choices), None)
        if found is not None:
            action.choices = found
        elif {*(action.option_strings or (action.dest, action.metavar))} & NAMED:
            action.complete = RUNS  # type: ignore[attr-defined]
        elif action.type is Path:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    text = str(shtab.complete(parser, shell=shell))
    if shell == "zsh":
        return _VALUED.sub(r"\1=[", text)
    return text + _BASH if shell == "bash" else text


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
