"""Which xdist worker runs what: a model stays on one worker where that leaves no worker idle."""

from collections.abc import Sequence
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from ipllvm.models.sources import display_names
from ipllvm.session.comparisons import LOST, NAME

SHARED = ("load", "worksteal", "loadgroup")
"""Ways to distribute that may part a test from those behind it."""


class _Scoped(LoadScopeScheduling):  # type: ignore[misc]
    """xdist's scheduling by scope, in which a test that has killed its worker is not run again for ever."""

    def remove_node(self, node: Any) -> str | None:
        """Take the work of a worker back; the test that it died in, None where it had none."""
        left = (
            nodeid for unit in self.assigned_work[node].values() for nodeid, done in unit.items() if not done
        )
        crashed = next(left, None)
        if crashed is not None:
            self.assigned_work[node][self._split_scope(crashed)][crashed] = True
        super().remove_node(node)
        return crashed


class _ByModel(_Scoped):
    """Tests whose id begins with the same model form one scope."""

    def __init__(self, config: pytest.Config, log: Any, names: Sequence[str]) -> None:
        super().__init__(config, log)
        self._names = sorted(names, key=len, reverse=True)

    def _split_scope(self, nodeid: str) -> str:
        inside = nodeid.partition("::")[2].partition("[")[2]
        matches = (name for name in self._names if inside.startswith((f"{name}-", f"{name}]")))
        return next(matches, nodeid)


class _Behind(_Scoped):
    """A test and the comparisons right behind it form one scope: they need what it has measured."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        self._scopes: dict[str, str] = {}

    def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:
        """Know the order of the tests."""
        scope = ""
        for nodeid in collection:
            behind = f"::{NAME}[" in nodeid and not nodeid.startswith(f"{LOST}::")
            scope = scope if behind and scope else nodeid
            self._scopes[nodeid] = scope
        super().add_node_collection(node, collection)

    def _split_scope(self, nodeid: str) -> str:
        return self._scopes[nodeid]


def scheduler(config: pytest.Config, log: Any, models: Sequence[str], compared: bool) -> Any:
    """A scheduler that groups by model or, in a gate, by property; None for the one that --dist asks for.

    With fewer models than workers grouping by model would leave workers idle: each then loads the model
    itself, once, when its first test needs it.
    """
    workers, asked = len(config.getoption("tx") or ()), config.getoption("dist")
    if compared:
        return _Behind(config, log) if asked in SHARED else None
    if asked != "load" or len(models) < max(2, workers):
        return None
    return _ByModel(config, log, display_names(models))
