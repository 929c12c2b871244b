"""What collection loads is light; who may import whom stands in .importlinter, which the linter checks."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import ipllvm

ROOT = Path(ipllvm.__file__).parents[1]
WITHOUT_TORCH = {"benchmarks", "scorers", "stats", "metrics", "claims"}
HEAVY = {"torch", "transformers", "jaxtyping", "scipy", "statsmodels", "PIL", "hypothesis", "huggingface_hub"}


def modules() -> dict[str, Path]:
    """Every module of the project but the tests, by name."""
    paths = [*(ROOT / "ipllvm").rglob("*.py"), *(ROOT / "fixtures").rglob("*.py")]
    paths += (ROOT / "properties").rglob("*.py")
    named = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in paths}
    return {
        name.removesuffix(".__init__"): path
        for name, path in named.items()
        if not name.startswith("ipllvm.tests")
    }


MODULES = modules()


def part(name: str) -> str:
    """The part of the project that a module belongs to: `models` for ipllvm.models.llava."""
    pieces = name.split(".")
    return pieces[1] if pieces[0] == "ipllvm" and len(pieces) > 1 else pieces[0]


def imports(name: str, *, everywhere: bool) -> set[str]:
    """The modules that one imports, without those for type checkers; also in functions if `everywhere`."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    return {found for node in _nodes(tree, everywhere) for found in _targets(node)}


def _nodes(tree: ast.AST, everywhere: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        elif everywhere or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _nodes(node, everywhere)


def _targets(node: ast.Import | ast.ImportFrom) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    assert node.level == 0, "imports are absolute here"
    base = node.module or ""
    inside = {f"{base}.{alias.name}" for alias in node.names} & MODULES.keys()
    return inside or {base}


def own(name: str) -> set[str]:
    """The project's modules that one imports, anywhere in it."""
    return {found for found in imports(name, everywhere=True) if found in MODULES and found != "ipllvm"}


@cache
def loaded_with(name: str) -> frozenset[str]:
    """All modules, the project's and others, that are loaded with one, as far as files here tell."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        pieces = waiting.pop().split(".")
        for found in (".".join(pieces[: length + 1]) for length in range(len(pieces))):
            if found not in seen:
                seen.add(found)
                waiting += imports(found, everywhere=False) if found in MODULES else ()
    return frozenset(seen)


def test_the_graph_is_read() -> None:
    assert len(MODULES) > 50
    assert "ipllvm.errors" in own("ipllvm.registry")
    assert "torch" in loaded_with("ipllvm.engine.run")
    assert "ipllvm.evaluation.evaluation" in own("fixtures.evaluation")
    assert "ipllvm.evaluation.evaluation" not in loaded_with("fixtures.evaluation")


@pytest.mark.parametrize("name", [name for name in MODULES if part(name) in WITHOUT_TORCH])
def test_data_and_statistics_do_without_torch(name: str) -> None:
    heavy = {found.partition(".")[0] for found in imports(name, everywhere=True)}
    assert heavy & {"torch", "transformers", "jaxtyping"} == set()


@pytest.mark.parametrize(
    "name", ["ipllvm.plugin", *(name for name in MODULES if part(name) in ("fixtures", "properties"))]
)
def test_what_collection_loads_is_light(name: str) -> None:
    assert {found.partition(".")[0] for found in loaded_with(name)} & HEAVY == set()


def test_what_loads_a_model_leaves_other_kinds_out() -> None:
    of_others = {
        f"ipllvm.models.{name}" for name in ("authored", "loading_encoder", "served", "trol.loading")
    }
    assert of_others <= MODULES.keys()
    assert not of_others & loaded_with("ipllvm.models.loading")


def test_the_roots_conftest_only_loads_plugins() -> None:
    tree = ast.parse((ROOT / "conftest.py").read_text(encoding="utf-8"))
    assignments = [node for node in tree.body if isinstance(node, ast.Assign)]
    assert [ast.unparse(node.targets[0]) for node in assignments] == ["pytest_plugins"]
    assert len(tree.body) == 2
    assert set(ast.literal_eval(assignments[0].value)) <= MODULES.keys()
