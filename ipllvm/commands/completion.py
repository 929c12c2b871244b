"""What completes the command line in a shell: a script that shtab makes from the parsers themselves."""

import argparse
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from ipllvm.errors import UsageError

if TYPE_CHECKING:
    import pytest

OF_RUNS: Final = {"run", "report", "reports"}
"""Places of a command line that take a run."""
OF_BASELINES: Final = {"before", "after", "runs", "--baseline"}
"""Places and options that take a baseline or a run."""
_VALUED: Final = re.compile(r'^(  "[*]?--[\w-]+)\[(?=.*\]:)', re.MULTILINE)
"""An option with a value in zsh's script, which would complete `--option value`, not `--option=value`."""
_LIST: Final = (
    "{{ echo latest; ls reports{more} 2>/dev/null "
    "| sed -n -e '/budget/d' -e 's/[.]json//p' -e '/^[0-9-]*T[0-9-]*Z/p'; }}"
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


def _looked_up(function: str, names: str) -> dict[str, str | dict[str, str]]:
    """What completes a place by names that are looked up when asked for: no interpreter is started."""
    return {
        "preamble": {
            "bash": f'{function}() {{ compgen -W "$({names})" -- "$1"; compgen -f -- "$1"; }}',
            "zsh": f'{function}() {{ compadd -- ${{(f)"$({names})"}}; _files }}',
        },
        "bash": function,
        "zsh": function,
        "tcsh": "f",
        "fish": f"({names.replace('{ ', 'begin; ').replace('; }', '; end')})",
    }


RUNS: Final = _looked_up("_ipllvm_runs", _LIST.format(more=""))
BASELINES: Final = _looked_up("_ipllvm_baselines", _LIST.format(more=" reports/baselines"))


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
        elif {*(action.option_strings or (action.dest,))} & OF_BASELINES:
            action.complete = BASELINES  # type: ignore[attr-defined]
        elif action.dest in OF_RUNS and not action.option_strings:
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
