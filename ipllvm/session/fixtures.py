"""The fixtures that belong to this package, wherever it is installed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import ipllvm

NAME = "ipllvm_fixtures_{}"
"""What their modules are called: `fixtures`, as a checkout has them, may be a user's own."""


def folder() -> Path:
    """Where they are: inside the installed package, else beside it in its checkout."""
    package = Path(ipllvm.__file__).resolve().parent
    installed = package / "_suite" / "fixtures"
    return installed if installed.is_dir() else package.parent / "fixtures"


def register(manager: pytest.PytestPluginManager) -> None:
    """Let every test of a session have them."""
    for file in sorted(folder().glob("[!_]*.py")):
        name = NAME.format(file.stem)
        spec = spec_from_file_location(name, file)
        if spec is None or spec.loader is None or manager.has_plugin(name):
            continue
        module = sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(module)
        manager.register(module, name)


@contextmanager
def unseen(item: pytest.Item, name: str) -> Iterator[None]:
    """While it lasts, other plugins do not see what an item was given by that name.

    pytest-benchmark ends a session in which a `benchmark` is not its own.
    """
    given = getattr(item, "funcargs", {})
    hidden = {name: given.pop(name)} if name in given else {}
    try:
        yield
    finally:
        given.update(hidden)
