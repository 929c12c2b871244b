"""One mutant in a process of its own: pytest on its tests, with one module compiled from a changed tree."""

import os
import sys
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


def run(module: str, number: int | None, tests: Sequence[str], seconds: float) -> tuple[bool, float]:
    """Whether the tests pass with a change (None: without), and how long they took; a hang does not pass."""
    began = time.monotonic()
    process = SERVER.Process(target=_main, args=(module, number, list(tests)))
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        process.join()
    return process.exitcode == 0, time.monotonic() - began


def _main(module: str, number: int | None, tests: list[str]) -> None:
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
    how = ["-q", "-x", "--doctest-modules", "-m", "not slow and not process and not browser"]
    sys.exit(pytest.main([*how, "-pno:cacheprovider", "-pno:xdist", *tests]))
