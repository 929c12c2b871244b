"""Perturbations of a property file of the user's own: known by name once its code is run, on request."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from ipllvm.errors import FAULTS, UsageError, first_line
from ipllvm.registry import PERTURBATIONS
from ipllvm.safety.printing import visible


def learn(files: Iterable[Path]) -> None:
    """Run the code of each file, and know the perturbations that it defines by their names.

    Raises UsageError where a file is missing, breaks off, defines none, or takes a name that is ipllvm's.
    """
    for file in files:
        kinds = list(_kinds(file))
        if not kinds:
            raise UsageError(
                f"{visible(str(file))} defines no perturbation: name the property file that does"
            )
        for kind in kinds:
            PERTURBATIONS.lend(kind.name, kind)


def _kinds(file: Path) -> Iterator[Any]:
    """The classes of the file that have a name of their own and change something."""
    module = _module(file)
    for kind in vars(module).values():
        if isinstance(kind, type) and is_dataclass(kind) and kind.__module__ == module.__name__:
            name = vars(kind).get("name")
            if isinstance(name, str) and name and hasattr(kind, "apply"):
                yield kind


def _module(file: Path) -> Any:
    """The file as a module; pytest's own import of it, if any, is left alone."""
    name = f"ipllvm-own:{file.stem}"
    spec = spec_from_file_location(name, file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise UsageError(f"{visible(str(file))}: no such property file, which is Python")
    module = module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except FAULTS as error:  # whatever other people's code raises
        why = f"{type(error).__name__}: {first_line(error)}"
        raise UsageError(f"{visible(str(file))} can't be run: {visible(why)}") from error
    return module
