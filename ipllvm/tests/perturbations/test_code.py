"""A perturbation of one's own is known by its code too: what an edited one does was not measured yet."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ipllvm.engine.plan import Plan
from ipllvm.perturbations.code import apart, identity_of
from ipllvm.perturbations.substitution import Blank, Clean
from ipllvm.tests.engine.pictures import samples

OWN = """
from dataclasses import dataclass
from helper import turned
from ipllvm.perturbations.base import Base

@dataclass(frozen=True)
class Turned(Base):
    name = "turned"

    def apply(self, value, layout, rng):
        return turned(value)
"""
HELPER = "def turned(value):\n    return value.rotate({angle})\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "own_turned.py").write_text(OWN, encoding="utf-8")
    (tmp_path / "helper.py").write_text(HELPER.format(angle=90), encoding="utf-8")
    yield tmp_path
    forget()


def forget() -> None:
    for name in ("own_turned", "helper"):
        sys.modules.pop(name, None)
    importlib.invalidate_caches()


def made() -> Any:
    """As a new run imports it."""
    forget()
    return importlib.import_module("own_turned").Turned()


def test_shipped_ones_are_known_by_what_they_print() -> None:
    assert Plan(samples(2), (Clean(), Blank()), 1, 0, 3).names == ["clean", str(Blank())]


@pytest.mark.parametrize("edited", ["own_turned.py", "helper.py"])
def test_an_edit_makes_it_another_one_of_the_same_name(folder: Path, edited: str) -> None:
    before, same = identity_of(made()), identity_of(made())
    file = folder / edited
    file.write_text(f"{file.read_text(encoding='utf-8')}\n# edited\n", encoding="utf-8")
    after = identity_of(made())
    assert before == same != after
    assert apart(before)[0] == apart(after)[0] == "turned"
    trials = {trial.perturbation for trial in Plan(samples(1), (Clean(), made()), 1, 0, 3).trials()}
    assert trials == {"clean", after}


def test_one_without_a_file_is_known_by_its_methods() -> None:
    def kind(angle: int) -> Any:
        space: dict[str, Any] = {"__name__": "nowhere"}
        exec(f"class Own:\n    def __str__(self): return 'own'\n    def apply(self): return {angle}", space)
        return space["Own"]()

    assert identity_of(kind(1)) == identity_of(kind(1)) != identity_of(kind(2))
