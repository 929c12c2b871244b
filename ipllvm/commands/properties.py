"""`ipllvm properties`: what is checked, read from the property files without running them."""

import argparse
import ast
from collections.abc import Iterator
from pathlib import Path

from ipllvm.commands import suite
from ipllvm.commands.listing import Row, show

KINDS = ("requirement", "observation", "law")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm properties`."""
    parser.description = (
        "The properties, by the names that -k and --property select; each file says what it measures and why."
    )


def main(args: argparse.Namespace) -> int:
    """Print one line a property; raises UsageError where there are none."""
    show(rows())
    return 0


def rows() -> list[Row]:
    """Each property with its kind and its claim, requirements first; raises UsageError for none."""
    found = [row for file in suite.folder().glob("test_*.py") for row in _rows(file)]
    return sorted(found, key=lambda row: (KINDS.index(row[1]), row[0]))


def _rows(file: Path) -> Iterator[tuple[str, str, str]]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    claim = (ast.get_docstring(tree) or "").partition("\n")[0]
    tests = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]
    for test in tests:
        marks = [ast.unparse(mark) for mark in test.decorator_list]
        kind = next((kind for kind in KINDS if any(f"mark.{kind}" in mark for mark in marks)), "law")
        own = (ast.get_docstring(test) or "").partition("\n")[0]
        yield test.name.removeprefix("test_"), kind, claim if len(tests) == 1 else own
