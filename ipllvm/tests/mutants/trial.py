"""One mutant in a process of its own: pytest on its tests, with one module compiled from a changed tree."""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from multiprocessing import get_context
from pathlib import Path
from types import CodeType
from typing import Any

from ipllvm.tests.mutants.mutations import mutated
from ipllvm.tests.mutants.rooms import ROOT

SERVER = get_context("forkserver")
SERVER.set_forkserver_preload(["ipllvm.tests.mutants.preloaded"])


class _Changed(SourceFileLoader):
    """Loads a module as it is but for one change."""

    number = 0

    def get_code(self, fullname: str) -> CodeType:
        """Compiled anew: what lies in a cache is the module as it is."""
        source = Path(self.path).read_text(encoding="utf-8")
        return compile(mutated(source, self.number), self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    """Leads to the changed module."""

    def __init__(self, module: str, number: int) -> None:
        self.name = module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        self._path = ROOT / module
        self._number = number

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Where the module comes from; None for every other."""
        if fullname != self.name:
            return None
        loader = _Changed(fullname, str(self._path))
        loader.number = self._number
        return spec_from_file_location(fullname, self._path, loader=loader)


def run(module: str, number: int, tests: Sequence[str], seconds: float) -> tuple[bool, float]:
    """Whether the tests pass with a change, and how long they took; a hang does not pass."""
    began = time.monotonic()
    process = SERVER.Process(target=_main, args=(module, number, list(tests)))
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        process.join()
    return process.exitcode == 0, time.monotonic() - began


def failing(tests: Sequence[str]) -> list[str]:
    """The tests that fail without any change, which say nothing of a mutant."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as file:
        process = SERVER.Process(target=_main, args=("", None, list(tests), file.name))
        process.start()
        process.join()
        return file.read().split("\n")[:-1]


class _Failures:
    """A pytest plugin that writes the ids of failed tests into a file."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """One test has ended."""
        if report.failed:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{report.nodeid}\n")


def _main(module: str, number: int | None, tests: list[str], failures: str = "") -> None:
    import pytest

    os.chdir(ROOT)
    os.nice(10)
    quiet = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(quiet, stream)
    if number is not None:
        finder = _Finder(module, number)
        sys.meta_path.insert(0, finder)
        import_module(finder.name)  # before pytest, which looks for modules in its own ways
    how = [
        "-q",
        *(() if failures else ["-x"]),
        "--doctest-modules",
        "-m",
        "not slow and not process and not browser",
    ]
    plugins = [_Failures(failures)] if failures else []
    sys.exit(pytest.main([*how, "-pno:cacheprovider", "-pno:xdist", *tests], plugins=plugins))
