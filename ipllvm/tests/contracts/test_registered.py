"""What is written is registered: without its line a file is nobody's, and no test of its kind runs."""

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from ipllvm import cli
from ipllvm.benchmarks.definition import Definition
from ipllvm.models.planted.behaviour import Behaviour
from ipllvm.records import Benchmark, Score
from ipllvm.registry import BENCHMARKS, FAMILIES, PERTURBATIONS, PLANTED, SCORERS, TOTALS, Registry
from ipllvm.reporting import views
from ipllvm.scorers.judge import JudgeRule

MADE_OF_ANOTHER = {"Instead"}
"""Perturbations that only another one makes, of what it was given."""
OF_RUNS = {"ipllvm.reporting.history_page"}
"""Pages of several runs, which are no view of a report."""
PARTS = {"ipllvm.benchmarks.docci:PLAIN"}
"""Definitions that only another one takes."""


def modules(room: str) -> Iterator[ModuleType]:
    """The modules of a room."""
    for each in pkgutil.iter_modules(import_module(room).__path__):
        if not each.ispkg:
            yield import_module(f"{room}.{each.name}")


def own(room: str, kind: Callable[[Any], bool] = inspect.isclass) -> dict[str, Any]:
    """The classes, or functions, that the modules of a room define, by "module:name"."""
    return {
        f"{module.__name__}:{name}": value
        for module in modules(room)
        for name, value in vars(module).items()
        if not name.startswith("_") and kind(value) and value.__module__ == module.__name__
    }


def targets(registry: Registry) -> set[str]:
    """Where the entries of a registry lead."""
    return set(registry._entries.values())


def test_every_perturbation() -> None:
    found = own("ipllvm.perturbations")
    written = {
        place for place, kind in found.items() if hasattr(kind, "apply") and not inspect.isabstract(kind)
    }
    left = written - targets(PERTURBATIONS)
    assert {place.partition(":")[2] for place in left} == MADE_OF_ANOTHER


def test_every_kind_of_planted_model() -> None:
    found = own("ipllvm.models.planted")
    written = {
        place for place, kind in found.items() if issubclass(kind, Behaviour) and kind is not Behaviour
    }
    assert written - targets(PLANTED) == set()


def test_every_scorer() -> None:
    found = own("ipllvm.scorers", inspect.isfunction) | own("ipllvm.scorers.official", inspect.isfunction)
    forms = {place: inspect.signature(rule) for place, rule in found.items()}
    rules = {
        place
        for place, form in forms.items()
        if [*form.parameters][1:] == ["sample"] and form.return_annotation is Score
    }
    assert len(rules) > 30 and rules - targets(SCORERS) == set()


def test_every_way_to_grade_by_a_judge() -> None:
    """Also one that is a value, made of a class of rules and a prompt."""
    registered = [SCORERS.load(name) for name in SCORERS]
    written = {
        f"{module.__name__}:{name}": value
        for room in ("ipllvm.scorers", "ipllvm.scorers.official")
        for module in modules(room)
        for name, value in vars(module).items()
        if isinstance(value, JudgeRule)
    }
    assert len(written) > 3
    assert [place for place, rule in written.items() if not any(rule is each for each in registered)] == []


def test_every_total() -> None:
    found = own("ipllvm.metrics", inspect.isfunction)
    totals = {place for place, total in found.items() if [*inspect.signature(total).parameters] == ["graded"]}
    assert len(totals) > 3 and totals - targets(TOTALS) == set()


def test_every_family() -> None:
    """Or it is what a registered one is made of."""
    registered = [FAMILIES.load(name) for name in FAMILIES]
    for place, kind in own("ipllvm.models.families").items():
        assert any(issubclass(each, kind) for each in registered), place


def test_every_benchmark() -> None:
    registered = [BENCHMARKS.load(name) for name in BENCHMARKS]
    left = {
        f"{module.__name__}:{name}"
        for module in modules("ipllvm.benchmarks")
        for name, value in vars(module).items()
        if isinstance(value, Definition) and not any(value is each for each in registered)
    }
    assert left == PARTS


def test_every_benchmark_that_is_a_function() -> None:
    """Of a seed alone; what several of them are made of takes more."""
    found = own("ipllvm.benchmarks", inspect.isfunction)
    forms = {place: inspect.signature(made) for place, made in found.items()}
    made = {
        place
        for place, form in forms.items()
        if [*form.parameters] == ["seed"] and form.return_annotation in (Benchmark, "Benchmark")
    }
    assert len(made) > 8 and made - targets(BENCHMARKS) == set()


def test_every_command() -> None:
    written = {
        each.__name__.rpartition(".")[2]
        for each in modules("ipllvm.commands")
        if {"arguments", "main"} <= vars(each).keys()
    }
    assert written == cli.COMMANDS.keys()


def test_every_view() -> None:
    drawn = [each for each in modules("ipllvm.reporting") if "render" in vars(each)]
    drawn = [each for each in drawn if each.__name__ not in OF_RUNS]
    assert [each.__name__ for each in drawn if each not in vars(views).values()] == []
