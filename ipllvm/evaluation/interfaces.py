"""What an evaluation is given: what is known already, and who is told of its progress."""

from collections.abc import Callable, MutableMapping
from typing import Protocol

from ipllvm.engine.context import Context
from ipllvm.records import Response, Trial

Memory = Callable[[Context], MutableMapping[Trial, Response]]
"""What is known already of a model on a benchmark: a view of the store, or a dict."""


class Progress(Protocol):
    """Told how many of how many trials are done."""

    def __call__(self, done: int, total: int) -> None:
        """Say so, if it is time to."""
        ...
