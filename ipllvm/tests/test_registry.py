"""Registries: every entry leads somewhere, and nothing is imported before it is asked for."""

import subprocess
import sys

import pytest

from ipllvm.errors import UnknownName
from ipllvm.registry import BENCHMARKS, FAMILIES, PERTURBATIONS, SCORERS, Registry
from ipllvm.scorers.base import NeedsJudge
from ipllvm.tests.plugin.sessions import ROOT, environment

ENTRIES = [(found, name) for found in (FAMILIES, BENCHMARKS, PERTURBATIONS, SCORERS) for name in found]


@pytest.mark.parametrize(("registry", "name"), ENTRIES, ids=lambda value: str(getattr(value, "kind", value)))
def test_every_entry_can_be_loaded(registry: Registry, name: str) -> None:
    found = registry.load(name)
    assert callable(found) or (registry is SCORERS and isinstance(found, NeedsJudge))


def test_a_known_name_is_handed_back() -> None:
    assert BENCHMARKS.check("scenes") == "scenes"


def test_an_unknown_name_says_its_kind_and_the_closest_one() -> None:
    with pytest.raises(UnknownName, match=r"^unknown scorer 'yes-no': did you mean 'yes_no'\?"):
        SCORERS.load("yes-no")


def test_the_registry_itself_imports_nothing() -> None:
    code = "import sys, ipllvm.registry; print(*[name for name in sys.modules if name.startswith('ipllvm')])"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(ROOT), capture_output=True, text=True, check=True
    )
    printing = {"ipllvm.safety", "ipllvm.safety.printing"}
    assert set(done.stdout.split()) == {"ipllvm", "ipllvm.registry", "ipllvm.errors", *printing}
