"""Models without weights and without torch, to watch who loads what; loaded with `-p`."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

THREADS = SimpleNamespace(count=0)


def load(name: str, **options: Any) -> SimpleNamespace:
    """A model that has a name and nothing else."""
    return SimpleNamespace(name=name)


def _set_num_threads(count: int) -> None:
    THREADS.count = count


def _module(name: str, **attributes: Any) -> None:
    module = ModuleType(name)
    vars(module).update(attributes)
    sys.modules[name] = module


_module(
    "torch",
    set_num_threads=_set_num_threads,
    get_num_threads=lambda: THREADS.count,
    cuda=SimpleNamespace(device_count=lambda: 0),
)
_module("ipllvm.models.loading", load=load)
