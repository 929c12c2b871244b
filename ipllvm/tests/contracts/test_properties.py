"""What holds for every shipped property: what its markers say is what it does, and it has words."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import ipllvm
from ipllvm import claims
from ipllvm.claims import QUANTITIES
from ipllvm.registry import BENCHMARKS
from ipllvm.reporting.quantities import MEANINGS
from ipllvm.session.options import OPTIONS
from ipllvm.session.profiles import SIZES

PLACE = Path(ipllvm.__file__).parents[1] / "properties"
KINDS = {"requirement", "observation", "law"}


@dataclass(frozen=True, slots=True)
class Property:
    """A test function of the shipped properties, and the module that it is in."""

    node: ast.FunctionDef
    module: ast.Module

    @property
    def constants(self) -> dict[str, str]:
        """Texts that the module gives a name."""
        made = (each for each in self.module.body if isinstance(each, ast.Assign))
        named = ((ast.unparse(each.targets[0]), each.value) for each in made)
        return {name: str(value.value) for name, value in named if isinstance(value, ast.Constant)}

    @property
    def marks(self) -> dict[str, list[str]]:
        """Its markers, those of the module too, with their texts."""
        whole = [
            each.value
            for each in self.module.body
            if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "pytestmark"
        ]
        found: dict[str, list[str]] = {}
        for each in (*whole, *self.node.decorator_list):
            call = each if isinstance(each, ast.Call) else ast.Call(each, [], [])
            name = ast.unparse(call.func).removeprefix("pytest.mark.")
            found[name] = [str(a.value) for a in call.args if isinstance(a, ast.Constant)]
        return found

    @property
    def checked(self) -> list[str]:
        """The claims that its body checks; one that is no plain text there comes from the marker."""
        calls = (each for each in ast.walk(self.node) if isinstance(each, ast.Call))
        named = [call.args[0] for call in calls if ast.unparse(call.func) == "evaluation.check"]
        texts = [self.constants.get(ast.unparse(each), each) for each in named]
        known = [str(t.value) if isinstance(t, ast.Constant) else t for t in texts]
        plain = [each for each in known if isinstance(each, str)]
        return plain if len(plain) == len(named) else self.marks["claims"]


def properties() -> Iterator[tuple[str, Property]]:
    """Every test function of the shipped properties, by its property's name."""
    for file in sorted(PLACE.glob("test_*.py")):
        module = ast.parse(file.read_text(encoding="utf-8"))
        for node in module.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield node.name.removeprefix("test_"), Property(node, module)


PROPERTIES = dict(properties())


@pytest.mark.parametrize("name", PROPERTIES)
def test_its_claims_are_those_of_its_markers(name: str) -> None:
    found = PROPERTIES[name]
    expected = [] if "law" in found.marks else found.marks.get("claims", [name])
    assert sorted(found.checked) == sorted(expected)


def test_every_shipped_claim_is_checked_by_one_property() -> None:
    made = [claim for found in PROPERTIES.values() for claim in found.checked]
    assert sorted(made) == sorted(claims.load())


@pytest.mark.parametrize("name", PROPERTIES)
def test_it_is_of_one_kind_and_says_what_it_is_about(name: str) -> None:
    found = PROPERTIES[name]
    assert len(KINDS & found.marks.keys()) == 1
    assert ast.get_docstring(found.node)
    for claim in found.checked:
        assert claims.load()[claim].kind in found.marks
    for benchmark in found.marks.get("benchmarks", []):
        assert BENCHMARKS.check(benchmark)
    for parameter in found.marks.get("parameters", []):
        assert parameter in OPTIONS


def test_the_readme_names_it() -> None:
    """Laws are named together there."""
    readme = (PLACE.parent / "README.md").read_text(encoding="utf-8")
    told = [name for name, found in PROPERTIES.items() if "law" not in found.marks]
    assert [name for name in told if f"`{name}`" not in readme] == []


def test_sizes_are_of_properties_and_quantities_have_words() -> None:
    assert {name for sizes in SIZES.values() for name in sizes} <= PROPERTIES.keys()
    assert {claim.quantity for claim in claims.load().values()} == set(QUANTITIES)
    assert set(QUANTITIES) <= MEANINGS.keys()
