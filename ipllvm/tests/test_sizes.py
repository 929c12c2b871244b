"""The house rules that can be counted: sizes, loose modules, and no class name twice."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import ipllvm

ROOT = Path(ipllvm.__file__).parents[1]
MODULE, FUNCTION, LOOSE = 400, 60, 10


def modules() -> Iterator[tuple[str, str]]:
    """Every source file that is no test, with its text."""
    for folder in ("ipllvm", "fixtures", "properties"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            if "tests" not in file.relative_to(ROOT).parts:
                yield str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")


MODULES = dict(modules())


@cache
def trees() -> dict[str, ast.Module]:
    """The same, parsed; by the worker that needs it, for collecting parses nothing."""
    return {name: ast.parse(text) for name, text in MODULES.items()}


def test_no_module_is_too_long() -> None:
    assert {name: n for name, text in MODULES.items() if (n := len(text.splitlines())) > MODULE} == {}


def test_no_function_is_too_long() -> None:
    long = {}
    for name, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION:
                    long[f"{name}:{node.name}"] = lines
    assert long == {}


def test_few_modules_are_loose() -> None:
    assert len([name for name in MODULES if Path(name).parent == Path("ipllvm")]) <= LOOSE


def test_a_class_name_stands_for_one_thing() -> None:
    found = defaultdict(list)
    for name, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(name)
    assert {name: places for name, places in found.items() if len(places) > 1} == {}
