"""Registries: every entry leads somewhere, and nothing is imported before it is asked for."""

import subprocess
import sys
from pathlib import Path

import pytest

from ipllvm.errors import UnknownName, UsageError
from ipllvm.registry import BENCHMARKS, FAMILIES, PERTURBATIONS, PLANTED, SCORERS, Registry
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


@pytest.fixture
def other_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Scorers beside ipllvm's own, as an installed package offers them."""
    entries = "mine = mine:score\nbroken = mine.absent:score\nempty = mine:nothing\nyes_no = mine:score\n"
    for name, lines in (("mine", entries), ("other", "twice = a:b\n"), ("third", "twice = c:d\n")):
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[ipllvm.scorers]\n{lines}")
    (tmp_path / "mine.py").write_text("def score(text, sample): return 7\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return Registry("scorer", {"yes_no": "ipllvm.scorers.yes_no:score"}, "ipllvm.scorers")


def test_an_installed_package_offers_more(other_package: Registry) -> None:
    assert next(iter(other_package)) == "yes_no"
    assert sorted(other_package) == ["broken", "empty", "mine", "twice", "yes_no"]
    assert other_package.load("mine")("", None) == 7
    with pytest.raises(UnknownName, match="unknown scorer 'mien': did you mean 'mine'"):
        other_package.load("mien")


def test_ipllvms_own_names_can_not_be_taken(other_package: Registry) -> None:
    assert other_package.load("yes_no").__module__ == "ipllvm.scorers.yes_no"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("broken", "^scorer 'broken' of the package mine can't be loaded from mine.absent:score: ModuleNot"),
        ("empty", "^scorer 'empty' of the package mine can't be loaded from mine:nothing: AttributeError"),
        ("twice", "^scorer 'twice' is offered more than once, by other, third: uninstall one$"),
    ],
)
def test_a_broken_entry_point_is_one_line(other_package: Registry, name: str, line: str) -> None:
    with pytest.raises(UsageError, match=line) as told:
        other_package.load(name)
    assert "\n" not in str(told.value)


def test_nobody_else_adds_kinds_of_planted_models() -> None:
    assert PLANTED.group == "" and list(PLANTED.installed) == []
