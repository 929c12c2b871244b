"""One pytest session on the properties, asked for from Python: the command line's own path."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from functools import wraps
from io import StringIO
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from ipllvm.commands import suite
from ipllvm.commands.witness import Witness
from ipllvm.errors import IpllvmError, NotMeasured, UnknownName, UsageError, first_line
from ipllvm.safety.printing import visible

if TYPE_CHECKING:
    from ipllvm.models.base import VisionLanguageModel
    from ipllvm.session.python_call import PythonCall

INTERRUPTED, BROKEN, UNUSABLE, EMPTY = 2, 3, 4, 5
"""Exit statuses of pytest without which there is a report."""
AGAIN: Final = ("-Wignore:Module already imported", "-pno:rerunfailures")
"""pytest's warning where a process runs a second session, and a plugin that leaves a thread of each."""
_ALONE: Final = RLock()
"""Held by the thread that runs a session: streams, plug-ins and the model in memory are of the process."""
Given = ParamSpec("Given")
Found = TypeVar("Found")


def one_at_a_time(call: Callable[Given, Found]) -> Callable[Given, Found]:
    """`call`, for which other threads wait while one is in it; a thread that is in it may call again."""

    @wraps(call)
    def waiting(*args: Given.args, **options: Given.kwargs) -> Found:
        with _ALONE:
            return call(*args, **options)

    return waiting


def spelled(options: Mapping[str, Any]) -> list[str]:
    """Options by name (`undecided="fail"`, `no_store=True`) as a command line has them; None leaves one out.

    Files of properties become words of their own, as pytest takes them. Raises UnknownName, with the closest
    option, and UsageError for a file that is none, an empty list, and a switch that is neither on nor off.
    """
    from ipllvm.session.options import OPTIONS

    rows = {row.name.replace("-", "_"): row for row in OPTIONS.values()}
    words: list[str] = []
    for name, value in options.items():
        if name not in rows:
            raise UnknownName("option", name, rows)
        row = rows[name]
        if value is not None and row.many and not (value := texts(name, value)):
            raise UsageError(f"{name}: an empty list names nothing: leave it out")
        if row.flag:
            if value not in (None, False, True):
                raise UsageError(f"{name}={value!r}: give True or False")
            words += [f"--{row.name}"] * bool(value)
        elif name == "property":
            named, files = suite.parted(texts(name, value))
            words += [f"--property={each}" for each in named]
            words += [str(Path(file).absolute()) for file in files]
        elif row.many:
            words += [f"--{row.name}={each}" for each in several(value)]
        elif value is not None:
            words.append(f"--{row.name}={value}")
    return words


def names(model: Any) -> list[str]:
    """The models that are named; raises UsageError where none is, and for one that is in memory."""
    found = several(model)
    if not found:
        raise UsageError("model: none is named")
    for each in found:
        if not isinstance(each, str | os.PathLike):
            raise UsageError(
                f"model: a {type(each).__name__} is neither a name nor a transformers model with processor"
            )
    return [os.fspath(each) for each in found]


def texts(name: str, value: object) -> list[str]:
    """What an option names, one or several; raises UsageError for what is no text and no path.

    >>> texts("benchmarks", "scenes"), texts("benchmarks", ["scenes", Path("own.csv")])
    (['scenes'], ['scenes', 'own.csv'])
    """
    found = several(value)
    for each in found:
        if not isinstance(each, str | os.PathLike):
            raise UsageError(f"{name}: {visible(repr(each), 60)} is not a name: give a string, or several")
    return [str(os.fspath(each)) for each in found]


def several(value: object) -> Sequence[Any]:
    """One value or several, as several.

    >>> several("scenes"), several(["scenes", "charts"]), several(None)
    (['scenes'], ['scenes', 'charts'], [])
    """
    if value is None:
        return []
    if isinstance(value, str | os.PathLike) or not isinstance(value, Iterable):
        return [value]
    return list(value)


def run(
    words: Sequence[str],
    report_dir: Path,
    in_memory: "Mapping[str, VisionLanguageModel] | None" = None,
    *,
    verbose: bool = False,
    asked: "PythonCall | None" = None,
) -> Witness:
    """Run the session; what it knew at its end. Nothing is printed unless `verbose`.

    `asked` is the call that a report names as the command of its run.

    Raises UsageError in one line for what can't be asked, and KeyboardInterrupt where it was interrupted;
    what was measured by then is kept.
    """
    from ipllvm.session.in_memory import InMemory

    _forget([word for word in words if word.endswith(".py")])
    witness, printed, errors = Witness(), StringIO(), StringIO()
    quiet = [] if verbose else ["-qq", "--capture=sys"]
    with ExitStack() as stack:
        if not verbose:
            stack.enter_context(redirect_stdout(printed))
            stack.enter_context(redirect_stderr(errors))
        plugins: list[object] = [
            witness,
            *([InMemory(in_memory)] if in_memory else []),
            *filter(None, [asked]),
        ]
        status = suite.run([*AGAIN, *quiet, *words], suite.cache(report_dir), plugins)
    witness.status = status
    _require_usable(witness, printed.getvalue(), errors.getvalue())
    return witness


def _forget(files: Sequence[str]) -> None:
    """Let files of properties be read anew: one was edited, in a notebook say, since a session before."""
    for name, module in list(sys.modules.items()):
        if getattr(module, "__file__", None) in files:
            del sys.modules[name]


def _require_usable(witness: Witness, printed: str, errors: str) -> None:
    lines = [line.removeprefix("ERROR: ").strip() for line in f"{errors}\n{printed}".splitlines()]
    words = [line for line in lines if line]
    if witness.status == INTERRUPTED:
        if witness.session is not None and witness.session.unread:
            raise UsageError(witness.session.unread[0])
        raise KeyboardInterrupt
    if witness.status == BROKEN:
        raise IpllvmError(f"pytest broke: {words[-1] if words else 'it said nothing'}")
    if witness.status == UNUSABLE and (witness.session is None or witness.session.report is None):
        raise UsageError(words[0] if words else "pytest could not use what was asked for")
    if witness.status == EMPTY:
        raise UsageError("no property was chosen: ipllvm properties lists them")


def require_report(witness: Witness) -> tuple[dict[str, Any], Path]:
    """The report of a session and its folder; raises NotMeasured, with the first reason, without one."""
    session = witness.session
    if session is not None and session.report is not None and session.folder is not None:
        return session.report, session.folder
    reasons = [] if session is None else [*session.skipped(), session.unwritten]
    why = next(filter(None, reasons), "")
    raise NotMeasured(f"nothing was measured{f': {first_line(Exception(why))}' if why else ''}")
