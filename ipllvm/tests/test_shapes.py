"""What the enforcement of shapes (shapes.py) needs of the rooms that it is turned on for."""

import ast

import pytest

from ipllvm.tests.test_sizes import trees


@pytest.mark.parametrize("package", ["ipllvm.metrics", "ipllvm.engine", "ipllvm.models"])
def test_protocols_can_be_checked_at_run_time(package: str) -> None:
    room = package.replace(".", "/") + "/"
    unchecked = [
        f"{name}:{node.name}"
        for name, tree in trees().items()
        if name.startswith(room)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in node.bases)
        if "runtime_checkable" not in map(ast.unparse, node.decorator_list)
    ]
    assert unchecked == []
