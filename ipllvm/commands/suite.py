"""The properties that belong to this package, and pytest on them from any folder."""

import argparse
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

import ipllvm
from ipllvm.errors import UsageError
from ipllvm.safety.writing import refuse_links

if TYPE_CHECKING:
    import pytest

REPORTS = Path("reports")
OPTIONS = """\
often used:
  -k NAME               properties whose name holds this (ipllvm properties)
  --benchmark NAME      what to measure on, repeatable (ipllvm benchmarks)
  --profile NAME        how much: quick, paper, audit
  --samples N           of each benchmark, or all
  --report-only         measure, never fail
  --baseline NAME       compare with what --save-baseline NAME has kept
  --offline             never ask the network
"""


class Paragraphs(argparse.HelpFormatter):
    """Wraps a description as usual and leaves lines that are indented as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        fill = super()._fill_text
        return "\n".join(t if t.startswith(" ") else fill(t, width, indent) for t in text.splitlines())


class Listing(argparse.Action):
    """Prints all options of the properties, and ends."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """Print them as pytest's own help does."""
        from ipllvm.session.registration import register

        shown = argparse.ArgumentParser(add_help=False, usage=argparse.SUPPRESS)
        register(cast("pytest.Parser", _Group(shown)))
        print(shown.format_help().lstrip())
        parser.exit()


class _Group:
    """As much of pytest's parser as it takes to register options."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parser = parser

    def getgroup(self, name: str, description: str) -> "_Group":
        self._group = self._parser.add_argument_group(description)
        return self

    def addoption(self, short: str, *_: str, **settings: Any) -> None:
        self._group.add_argument(short, **settings)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What commands that run the properties on a model have in common."""
    parser.formatter_class = Paragraphs
    parser.epilog = OPTIONS
    parser.add_argument("model", help="an alias (ipllvm models), a folder, or org/name on the hub")
    parser.add_argument("--report-dir", type=Path, default=REPORTS, metavar="DIR", help="default ./reports")
    parser.add_argument("--options", action=Listing, nargs=0, help="list all options of the properties")


def asked(args: argparse.Namespace) -> list[str]:
    """What pytest is asked for by a command line that `arguments` has described.

    Raises UsageError where the model does not come first: after `-k` its value would be taken for it.
    """
    if args.words[0] != args.model:
        raise UsageError(f"name the model first: ipllvm {args.command} MODEL {shlex.join(args.rest)}")
    return [f"--model={args.model}", f"--report-dir={args.report_dir}", *args.rest]


def cache(reports: Path) -> Path:
    """Where pytest and Hypothesis keep what they remember between runs."""
    return reports / ".pytest_cache"


def folder() -> Path:
    """The properties: installed inside the package, else beside it in its checkout; raises UsageError."""
    package = Path(ipllvm.__file__).resolve().parent
    for place in (package / "_suite" / "properties", package.parent / "properties"):
        if place.is_dir():
            return place
    raise UsageError(f"{package} holds no properties: install ipllvm from its wheel or a checkout")


def run(arguments: Sequence[str], cache: Path | None = None, plugins: Sequence[object] = ()) -> int:
    """Run pytest on the properties, whatever the working folder holds; its exit status.

    pytest would look for its configuration and root folder near its arguments and the working folder:
    both are named, so that neither a checkpoint's folder nor a user's project is taken for them. What
    pytest and Hypothesis remember between runs goes into `cache`; without it pytest keeps nothing.
    """
    import pytest

    if cache is not None:
        _refuse_links(cache)
        os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(cache.absolute() / "hypothesis"))
    return int(pytest.main([*_rooted(cache), *arguments, str(folder())], plugins=list[Any](plugins)))


def _refuse_links(cache: Path) -> None:
    """Raises UsageError where what pytest writes there could lead out of the folder."""
    try:
        refuse_links(cache)
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}: remove it") from error
    except ValueError as error:
        raise UsageError(f"--report-dir {cache.parent}: {error}") from error


def _rooted(cache: Path | None) -> list[str]:
    root = folder().parent
    kept = ["-p", "no:cacheprovider"] if cache is None else ["-o", f"cache_dir={cache.absolute()}"]
    return [f"--rootdir={root}", f"--config-file={root / 'pyproject.toml'}", *kept]
