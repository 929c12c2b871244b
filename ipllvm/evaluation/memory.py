"""What is known already of a model on a benchmark."""

from collections.abc import Callable, MutableMapping

from ipllvm.engine.context import Context
from ipllvm.records import Response, Trial

Memory = Callable[[Context], MutableMapping[Trial, Response]]
"""A view of the store, or a dict."""
