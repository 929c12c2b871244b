"""Reading weights without a bar of its own: how far a run is, is told once, by the run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from transformers.utils import logging

bars: Any = logging


@contextmanager
def without_bars() -> Iterator[None]:
    """Transformers draws no bar in here; what its user asked for by HF_HUB_DISABLE_PROGRESS_BARS is left."""
    if "HF_HUB_DISABLE_PROGRESS_BARS" in os.environ or not bars.is_progress_bar_enabled():
        yield
        return
    bars.disable_progress_bar()
    try:
        yield
    finally:
        bars.enable_progress_bar()
