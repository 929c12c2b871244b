"""The properties that belong to this package, and pytest on them from any folder."""

import argparse
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

import ipllvm
from ipllvm.errors import UsageError
from ipllvm.safety.writing import refuse_links

if TYPE_CHECKING:
    import pytest

REPORTS = Path("reports")
SAFE_PATH = "PYTHONSAFEPATH"
"""Set, interpreters that are started import no module of the folder where they start."""
HEADLESS = "--no-header"
"""Where pytest's root is, is nobody's own; versions are in the report, and in `ipllvm doctor`."""
TERSE = ["--tb=no", "-rN"]
"""What pytest would say of each test is in the summary of the run; -v has both."""
UNASKED = tuple(f"-pno:{name}" for name in ("anyio", "jaxtyping", "platformdirs", "pytest_httpserver"))
"""Plug-ins of pytest that come with packages that ipllvm needs for other things: a sixth of a known run."""
QUIET = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
"""That packages with plug-ins were imported before pytest was: by a plan, say."""
OPTIONS = """\
often used:
  --property NAME       property to measure (ipllvm properties), or your own file; repeatable
  --benchmark NAME      benchmark to measure on (ipllvm benchmarks); repeatable
  --profile NAME        sample sizes: quick, paper, audit
  --samples N           samples per benchmark, or all
  --report-only         no verdict fails the run
  --baseline NAME       compare with the baseline that --save-baseline NAME wrote
  --offline             never use the network
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
    parser.add_argument("model", nargs="?", help="an alias (ipllvm models), a folder, or org/name on the hub")
    _own(parser)
    parser.add_argument("--options", action=Listing, nargs=0, help="list all options of the properties")


def _own(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--report-dir", type=Path, default=REPORTS, metavar="DIR", help="default ./reports")
    parser.add_argument(
        "--property", action="append", default=[], metavar="NAME", help="a property, or your own file"
    )


@dataclass(frozen=True, slots=True)
class Request:
    """What a command line asks of the properties: the model, where reports go, and arguments for pytest.

    `files` are property files of the user's own, which are run in place of the shipped ones.
    """

    models: tuple[str, ...]
    report_dir: Path
    rest: tuple[str, ...]
    files: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The arguments for pytest."""
        models = [f"--model={model}" for model in self.models]
        files = [str(Path(name).absolute()) for name in self.files]
        return [*models, f"--report-dir={self.report_dir}", *self.rest, *files]


def asked(args: argparse.Namespace, *, required: bool = True) -> Request:
    """What a command line asks for that `arguments` has described.

    The model comes first, or is named by --model. Raises UsageError where neither is so, as behind `-k` its
    value would be taken for the model.
    """
    words = list(args.words)
    models = [words.pop(0)] if words and not words[0].startswith("-") else []
    own = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    _own(own)
    own.add_argument("--model", action="append", default=[])
    own.add_argument("--options", action="store_true")
    found, rest = own.parse_known_args(words)
    models += found.model
    if not models and required:
        raise UsageError(
            f"name the model first: ipllvm {args.command} MODEL {shlex.join(args.words)}".strip()
        )
    refuse_strays(rest, "one MODEL stands first; name more with --model={}")
    named, files = parted(found.property)
    words = [f"--property={name}" for name in named]
    return Request(tuple(models), found.report_dir, (*words, *rest), tuple(files))


def parted(properties: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names of properties, and files of the user's own.

    Raises UsageError for a file that is none, and for names beside files: these are run in place of the
    shipped properties.
    """
    files = [name for name in properties if name.endswith(".py")]
    named = [name for name in properties if name not in files]
    for name in files:
        if not Path(name).is_file():
            raise UsageError(f"--property {name}: no such file")
    if named and files:
        raise UsageError(
            f"--property {named[0]}: {files[0]} is run in place of the shipped properties: leave one of the "
            "two out, or choose in the file with -k"
        )
    return named, files


def refuse_strays(words: Sequence[str], advice: str) -> None:
    """Raises UsageError for a word that is no option's and no file of tests: pytest would look into a folder
    of that name and run all the same. `advice` says where such a word stands, {} being the word.
    """
    for before, word in pairwise(["", *words]):
        value = before.startswith("-") and "=" not in before
        if not (value or word.startswith("-") or ".py" in word):
            raise UsageError(f"{word}: {advice.format(word)}")


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


def check(args: argparse.Namespace, request: Request, plugins: Sequence[object] = ()) -> int:
    """Run the properties as a command line asks for them, in its words; pytest's exit status."""
    from ipllvm.session.terse import Terse

    verbose = any(word == "--verbose" or re.fullmatch("-[a-zA-Z]*v[a-zA-Z]*", word) for word in request.rest)
    plain = [] if verbose else TERSE
    names = Terse(args.command, [args.command, *args.words], request.files)
    return run([HEADLESS, *plain, *request.words], cache(request.report_dir), [names, *plugins])


def run(arguments: Sequence[str], cache: Path | None = None, plugins: Sequence[object] = ()) -> int:
    """Run pytest on the properties, whatever the working folder holds; its exit status.

    pytest would look for its configuration and root folder near its arguments and the working folder:
    both are named, so that neither a checkpoint's folder nor a user's project is taken for them. What
    pytest and Hypothesis remember between runs goes into `cache`; without it pytest keeps nothing.
    """
    import pytest

    variables = {SAFE_PATH: "1"}
    if cache is not None:
        _refuse_links(cache)
        variables["HYPOTHESIS_STORAGE_DIRECTORY"] = str(cache.absolute() / "hypothesis")
    own = any(word.endswith(".py") for word in arguments)  # files without the conftest of the shipped ones
    places = ["-p", "ipllvm.plugin"] if own else [*UNASKED, str(folder())]
    bare = any(word.endswith("no:cacheprovider") for word in arguments)  # which knows no folder of a cache
    with _unless_set(variables):
        return int(
            pytest.main(
                [*_rooted(None if bare else cache), *QUIET, *arguments, *places], plugins=list[Any](plugins)
            )
        )


@contextmanager
def _unless_set(variables: Mapping[str, str]) -> Iterator[None]:
    """While it lasts, these variables of the environment have a value, also for programs that are started."""
    added = {name: value for name, value in variables.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


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
