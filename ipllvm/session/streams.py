"""Standard output and error that were closed (`>&-`), opened before pytest needs them."""

import sys
from typing import Any

import pytest

from ipllvm.safety.printing import open_closed


def reopen(config: pytest.Config) -> None:
    """Open what was closed, so that pytest's capture finds it and gives it back, not nothing, in the end."""
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    if capture is None or None not in (sys.stdout, sys.stderr):
        open_closed()
        return
    capture.stop_global_capturing()
    open_closed()
    capture.start_global_capturing()
    capture.suspend_global_capture()
