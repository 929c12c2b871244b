"""The `ipllvm` command and its subcommands, each imported when it is called."""

import argparse
import errno
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from typing import NoReturn

from ipllvm.errors import LIMIT, IpllvmError, UnknownName
from ipllvm.safety.interrupts import as_keyboard_interrupt
from ipllvm.safety.printing import guarded, open_closed, visible

COMPLETION = "--completion"
SHELLS = ("bash", "zsh", "fish", "tcsh")
USAGE_ERROR, INTERRUPTED, BROKEN = 4, 2, 3
"""Exit statuses as pytest's; argparse's own 2 for a command line that can't be used is Ctrl-C there."""
CLOSED = (errno.EACCES, errno.ENAMETOOLONG)
"""What is wrong with a path that can't be looked at."""
COMMANDS = {
    "check": "measure the properties of a model",
    "audit": "measure all properties; every report format, with checksums",
    "paper": "the paper's tables and figures, measured and as printed",
    "plan": "what a run would do and cost, without reading any weights",
    "runs": "list runs and baselines by the names that other commands take",
    "models": "list what --model accepts, and what is on this machine",
    "data": "files of published benchmarks: list, get, check, where",
    "benchmarks": "list what --benchmark accepts, and what is on this machine",
    "properties": "list the properties",
    "perturbations": "list the perturbations of pixels, words, tokens and layers",
    "replay": "repeat one trial of a report: picture, perturbation, both answers",
    "report": "render a report again from its JSON, without the model",
    "history": "one page with each claim over a series of checkpoints",
    "view": "browse runs: every sample, two runs side by side",
    "verify": "check an audit's files against its checksums and signature",
    "gate": "may one run replace another? Own runs, or logs of lm-eval, lmms-eval, inspect_ai",
    "compare": "compare saved baselines, without a model",
    "score": "grade any harness's answers by a benchmark's official rule",
    "store": "stored outcomes of runs: info, verify, merge, export to Parquet",
    "calibrate": "error rates of the checker itself, where the truth is known",
    "doctor": "check versions, devices, memory, caches, and how to get what is missing",
    "speed": "trials per second: the engine against plain generate",
}
"""Each is a module of ipllvm.commands with `arguments(parser)` and `main(args)`; with PASSES_ON it takes
arguments that it does not know as `args.rest`. `args.words` are all that followed the command."""


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with a command line."""

    def error(self, message: str) -> NoReturn:
        """End with the status of a usage error."""
        self.exit(USAGE_ERROR, f"{self.prog}: {message} (see {self.prog} --help)\n")


class Version(argparse.Action):
    """Prints the version, which takes the package's metadata to know."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """Print it and end."""
        from ipllvm.version import installed_version

        print(f"ipllvm {installed_version()}")
        parser.exit()


class Completion(argparse.Action):
    """Prints what completes the command line in a shell."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> NoReturn:
        """Print it and end."""
        from ipllvm.commands import completion

        whole, commands = _parser(tuple(COMMANDS))
        passing = [
            commands.choices[name]
            for name in COMMANDS
            if getattr(import_module(f"ipllvm.commands.{name}"), "PASSES_ON", False)
        ]
        try:
            print(completion.script(whole, passing, str(values)))
        except IpllvmError as error:
            parser.error(str(error))
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; its exit status, or 4 after one line where it can't be done.

    Whatever is printed meanwhile goes through `ipllvm.safety.printing`.
    """
    open_closed()
    with guarded(), as_keyboard_interrupt():
        return _main(sys.argv[1:] if argv is None else list(argv))


def _main(words: list[str]) -> int:
    asked = next((word for word in words if not word.startswith("-") or word == COMPLETION), None)
    parser, commands = _parser((asked,))
    if asked not in (None, COMPLETION, *COMMANDS):
        parser.exit(USAGE_ERROR, f"ipllvm: {UnknownName('command', str(asked), COMMANDS)}\n")
    if (empty := _valueless(words)) is not None:
        parser.exit(USAGE_ERROR, f"ipllvm {asked}: {empty} '': give a value, or leave the option out\n")
    args, rest = parser.parse_known_args(words)
    args.words, args.rest = words[words.index(args.command) + 1 :], rest
    module = import_module(f"ipllvm.commands.{args.command}")
    if rest and not getattr(module, "PASSES_ON", False):
        commands.choices[args.command].error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        status: int = module.main(args)
    except IpllvmError as error:
        print(f"ipllvm {args.command}: {error}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if isinstance(error, OSError) and error.errno in CLOSED and error.filename:
            why = f"{error.strerror}: {error.filename}"
            print(f"ipllvm {args.command}: {visible(why, LIMIT)}: give another path", file=sys.stderr)
            return USAGE_ERROR
        if args.verbose:
            traceback.print_exc()
        print(f"ipllvm {args.command}: {_unexpected(error, args.command)}", file=sys.stderr)
        return BROKEN
    return status


def _parser(described: Sequence[str | None]) -> tuple[Parser, "argparse._SubParsersAction[Parser]"]:
    """The command line, with the arguments of those commands that are to be described."""
    parser = Parser(prog="ipllvm", description="Property checks of large language-and-vision models.")
    parser.add_argument("--version", action=Version, nargs=0, help="say which release this is, and end")
    parser.add_argument("-v", dest="verbose", action="store_true", help="tell where an error was raised")
    words = f"print what completes this command in a shell: {', '.join(SHELLS)}"
    parser.add_argument(COMPLETION, action=Completion, choices=SHELLS, metavar="SHELL", help=words)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, purpose in COMMANDS.items():
        sub = commands.add_parser(name, help=purpose)
        if name in described:
            import_module(f"ipllvm.commands.{name}").arguments(sub)
    return parser, commands


def _valueless(words: Sequence[str]) -> str | None:
    """The first option with an empty value, as a shell's variable that is not set leaves it.

    >>> [_valueless(words) for words in (["gate", "--markdown="], ["check", "--judge", " "], ["-k", ""])]
    ['--markdown', '--judge', None]
    """
    for word, after in pairwise([*words, "end"]):
        name, equals, value = word.partition("=")
        if name.startswith("--") and name != "--" and not (value if equals else after).strip():
            return name
    return None


UNMAPPED = "failed to map segment"
"""What the loader says of a library for which there is no room."""


def _unexpected(error: Exception, command: str) -> str:
    """One line for an error that nobody has thought of, often another library's.

    >>> _unexpected(ImportError("libtorch_cpu.so: failed to map segment from shared object"), "check")
    'not enough memory (libtorch_cpu.so: failed to map segment from shared object)'
    """
    said = next(iter(str(error).strip().splitlines()), "")
    if isinstance(error, MemoryError):
        return "not enough memory"
    if isinstance(error, ImportError) and UNMAPPED in str(error):
        return visible(f"not enough memory ({error})", LIMIT)
    where = f"(ipllvm -v {command} ... tells where)"
    return visible(f"{type(error).__name__}: {said} {where}", LIMIT)


if __name__ == "__main__":
    sys.exit(main())
