"""Which xdist worker runs what: a model stays on one worker where that leaves no worker idle."""

from collections.abc import Sequence
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from ipllvm.models.sources import display_names


class _ByModel(LoadScopeScheduling):  # type: ignore[misc]
    """Tests whose id begins with the same model form one scope."""

    def __init__(self, config: pytest.Config, log: Any, names: Sequence[str]) -> None:
        super().__init__(config, log)
        self._names = sorted(names, key=len, reverse=True)

    def _split_scope(self, nodeid: str) -> str:
        inside = nodeid.partition("[")[2]
        matches = (name for name in self._names if inside.startswith((f"{name}-", f"{name}]")))
        return next(matches, nodeid)


def by_model(config: pytest.Config, log: Any, models: Sequence[str]) -> Any:
    """A scheduler that groups by model, or None for xdist's own or the one that --dist asks for.

    With fewer models than workers grouping would leave workers idle: each then loads the model
    itself, once, when its first test needs it.
    """
    workers = len(config.getoption("tx") or ())
    if config.getoption("dist") != "load" or len(models) < max(2, workers):
        return None
    return _ByModel(config, log, display_names(models))
