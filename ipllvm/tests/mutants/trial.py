"""One mutant in a process of its own: pytest on its tests, with one module compiled from a changed tree."""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
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
NO_TESTS = 5
"""pytest's status where nothing was collected."""


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


@dataclass(frozen=True, slots=True)
class Ended:
    """How tests have ended: pytest's status, below 0 a signal, None a hang; and the names of what failed."""

    status: int | None
    failed: tuple[str, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether nothing was noticed, as where there is no test at all."""
        return self.status in (0, NO_TESTS)


def run(tests: Sequence[str], seconds: float | None, module: str = "", number: int | None = None) -> Ended:
    """Run tests, with a change up to the first that fails, without one all of them."""
    began = time.monotonic()
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as file:
        process = SERVER.Process(target=_main, args=(module, number, list(tests), file.name))
        process.start()
        process.join(seconds)
        hangs = process.exitcode is None
        if hangs:
            process.kill()
            process.join()
        failed = tuple(file.read().split("\n")[:-1])
    return Ended(None if hangs else process.exitcode, failed, time.monotonic() - began)


class _Failures:
    """A pytest plugin that writes the names of what failed into a file."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def add(self, name: str) -> None:
        """One more has failed."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")

    def pytest_runtest_logreport(self, report: Any) -> None:
        """One test has ended."""
        if report.failed:
            self.add(report.nodeid)

    def pytest_collectreport(self, report: Any) -> None:
        """One module was read."""
        if report.failed:
            self.add(report.nodeid)


def _main(module: str, number: int | None, tests: list[str], path: str) -> None:
    import pytest

    os.chdir(ROOT)
    quiet = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(quiet, stream)
    failures = _Failures(path)
    if number is not None:
        finder = _Finder(module, number)
        sys.meta_path.insert(0, finder)
        try:
            import_module(finder.name)  # before pytest, which looks for modules in its own ways
        except Exception:
            failures.add(module)
            raise
    how = [
        "-q",
        *(() if number is None else ["-x"]),
        "--doctest-modules",
        "-m",
        "not slow and not process and not browser",
    ]
    sys.exit(pytest.main([*how, "-pno:cacheprovider", "-pno:xdist", *tests], plugins=[failures]))
