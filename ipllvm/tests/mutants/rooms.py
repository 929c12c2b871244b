"""Which modules are mutated, and which tests should notice."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import grimp

import ipllvm
from ipllvm.tests.mutants.mutations import Change, changes

ROOT = Path(ipllvm.__file__).parents[1]
TESTS = "ipllvm/tests"
BESIDE: dict[str, tuple[str, ...]] = {
    "stats": ("stats", "verdicts", "metrics/test_retention.py"),
    "metrics": ("metrics", "contracts/test_metrics.py"),
    "scorers": ("scorers", "contracts/test_scorers.py"),
    "perturbations": ("perturbations", "contracts/test_perturbations.py", "contracts/test_engine_version.py"),
    "verdicts": ("verdicts",),
    "gate": ("gate", "verdicts"),
    "engine/plan.py": ("engine/test_plan.py", "evaluation", "engine/test_run.py"),
    "engine/store": (
        "contracts/test_store_schema.py",
        "engine/test_disagreement.py",
        "commands/test_store.py",
        "engine/test_store.py",
        "engine/test_inspection.py",
    ),
}
"""Room or module -> the tests beside those of its own name, the nearest first."""

BY_NAME = "ipllvm.registry"
"""Leads to every module that has a name there, without an import of it."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one module."""

    module: str
    change: Change

    @property
    def key(self) -> str:
        """What names it as long as the module stays as it is."""
        return f"{self.module} {self.change}"


def modules() -> list[Path]:
    """The modules of every room, in their order."""
    found: list[Path] = []
    for place in BESIDE:
        path = ROOT / "ipllvm" / place
        found += [path] if path.is_file() else sorted(path.rglob("*.py"))
    return found


def every(named: Container[str] | None = None) -> list[Mutant]:
    """Every mutant of every module, or of those of these names."""
    names = {path.relative_to(ROOT).as_posix(): path for path in modules()}
    return [
        Mutant(name, change)
        for name, path in names.items()
        if named is None or name in named
        for change in changes(path.read_text(encoding="utf-8"))
    ]


def chosen(count: int, seed: int) -> list[Mutant]:
    """So many of them, by the digest of seed and mutant: a module that changes leaves those of others."""
    drawn = sorted(every(), key=lambda mutant: sha256(f"{seed} {mutant.key}".encode()).digest())[:count]
    return sorted(drawn, key=lambda mutant: (mutant.module, mutant.change.number))


def noticing(module: str) -> tuple[list[str], list[str]]:
    """The tests that could notice a change of a module: those of its name and its doctests, then its room's.

    Of the room's folders only those that import it, or a module that does, and those that load by name.
    """
    inner = Path(module).relative_to("ipllvm")
    own = sorted((ROOT / TESTS).rglob(f"test_{inner.stem}.py"))
    near = [*(path for path in own if inner.parts[0] in path.parts), ROOT / module]
    beside = next(tests for place, tests in BESIDE.items() if inner.as_posix().startswith(place))
    far = dict.fromkeys(path for name in beside for path in _within(name, _importing(module)))
    return _named(near), _named(path for path in far if path not in near)


def _named(paths: Iterable[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in paths]


def _within(name: str, importing: frozenset[str]) -> list[Path]:
    """A test module that is named, or those of a folder that are among `importing`.

    Folders without an `__init__.py` are in no graph: all of theirs are taken.
    """
    place = ROOT / TESTS / name
    if place.is_dir():
        graph = _graph().modules
        files = sorted(place.rglob("test_*.py"))
        return [path for path in files if _dotted(path) in importing or _dotted(path) not in graph]
    return [place] if place.exists() else []


@cache
def _importing(module: str) -> frozenset[str]:
    graph = _graph()
    first = graph.find_modules_that_directly_import(_dotted(ROOT / module))
    first |= graph.find_modules_that_directly_import(BY_NAME)
    return frozenset(first).union(*map(graph.find_modules_that_directly_import, first))


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph("ipllvm", cache_dir=None)


def _dotted(path: Path) -> str:
    """The name by which a source file is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
