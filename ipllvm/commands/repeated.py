"""The command of a report, given again: the report may be somebody else's, and its command is only read.

Nothing of it is taken but this project's own options and a selection of the shipped properties. What the user
has to say himself, whose code is run, whose pickles are read and which address gets his key, is refused.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ipllvm.errors import UsageError
from ipllvm.models.sources import is_endpoint
from ipllvm.reporting import calls
from ipllvm.safety.printing import visible
from ipllvm.session.options import OPTIONS

SPELLINGS: Final = {spelling: row for row in OPTIONS.values() for spelling in row.spellings}
LEFT_OUT: Final = ("shard", "report-dir")
"""Options that belong to one run alone; those of pytest by their spelling."""
SELECTING: Final = ("-k", "-m", "-n", "--property")
"""Arguments of pytest, with a value, that say what of the properties is run."""
ROOTED: Final = ("--rootdir", "--config-file", "-p")
"""Arguments with a value that say where the properties lie, or which plugins stay away: `check` knows."""
_SHOWING: Final = re.compile(
    r"-[qvxs]+|-r[A-Za-z]*|-W.*|--(tb|color|durations|junitxml)=.*|--no-header|--verbose|--quiet"
)
"""How a run is shown."""


def words(run: Mapping[str, Any], left_out: Sequence[str] = LEFT_OUT) -> list[str]:
    """The arguments of `ipllvm check` that measure what a run did, without those `left_out`.

    Raises UsageError where there are none.
    """
    models = run["options"].get("models")
    if not models or not isinstance(models, list) or not all(isinstance(name, str) for name in models):
        raise UsageError("its run names no model")
    for reason in _unsaid(run["options"]):
        raise UsageError(f"its run {reason}")
    if called := calls.words(str(run["command"])):
        return [*_taken(called[1:], left_out), *_models(run)]
    program, *typed = _split(str(run["command"]))
    if program == "ipllvm" and typed[:1] in (["check"], ["audit"]):
        typed = [typed[0].replace("check", ""), *typed[1:]]
        profile = ["--profile=audit"] if typed[0] and "profile" not in left_out else []
        named = len(typed) > 1 and not typed[1].startswith("-")
        return [*_taken(typed[2:] if named else typed[1:], left_out), *profile, *_models(run)]
    if program != "pytest":
        raise UsageError(f"its command begins with {visible(program)}")
    return [*_taken([word for word in typed if not _is_suite(word)], left_out), *_models(run)]


def _split(command: str) -> list[str]:
    """The words of a command, one at least; raises UsageError for what no shell would take."""
    try:
        return shlex.split(command) or [""]
    except ValueError as error:
        raise UsageError(f"its command is {visible(command, 200)}, which no shell takes: {error}") from error


def _models(run: Mapping[str, Any]) -> list[str]:
    return [f"--model={name}" for name in run["options"]["models"]]


def _unsaid(options: Mapping[str, Any]) -> Iterator[str]:
    """Why the user has to give the command himself."""
    for name in ("trust_remote_code", "allow_pickle"):
        if options.get(name):
            yield f"had --{name.replace('_', '-')}"
    named = [*options["models"], options.get("judge"), options.get("captioner")]
    for name in named:
        if name and is_endpoint(str(name)):
            yield f"asked {visible(str(name))}"


def _is_suite(word: str) -> bool:
    """Whether a word names the folder of properties."""
    return word.rstrip("/").rpartition("/")[2] == "properties"


def _taken(typed: list[str], left_out: Sequence[str]) -> Iterator[str]:
    """The options among the words; raises UsageError for any other word."""
    rest = iter(typed)
    for word in rest:
        name, equals, value = word.partition("=")
        row, short = SPELLINGS.get(name), word[:2]
        if row is not None and row.flag:
            yield name
        elif row is not None or name in SELECTING or name in ROOTED:
            value = value if equals else next(rest, "")
            if name in ROOTED:
                _require_harmless(word, name, value)
            elif name in SELECTING:
                _require_shipped(value)
                yield from (name, value) if name not in left_out else ()
            elif row is not None and row.name not in (*left_out, "model"):
                yield f"{name}={value}"
        elif short in ("-k", "-m", "-n"):
            yield from (short, word[2:]) if short not in left_out else ()
        elif short == "-p" and not word.startswith("--"):
            _require_harmless(word, "-p", word[2:])
        elif not _SHOWING.fullmatch(word):
            raise UsageError(f"its command has {visible(word)}")


def _require_harmless(word: str, name: str, value: str) -> None:
    """A plugin that is named would be loaded."""
    if name == "-p" and not value.startswith("no:"):
        raise UsageError(f"its command has {visible(f'{word} {value}' if word == name else word)}")


def _require_shipped(value: str) -> None:
    """A property that is a file is somebody's code."""
    if value.endswith(".py"):
        raise UsageError(f"its command runs {visible(value)}")
