"""A progress line on the controller's terminal: rewritten on a terminal, now and then elsewhere."""

import time
from contextlib import nullcontext
from typing import Any

import pytest

PLAIN_SECONDS = 10.0
TERMINAL_SECONDS = 0.2


class ProgressLine:
    """Rate and time left of one measurement; silent under -q and in xdist workers."""

    def __init__(self, config: pytest.Config, title: str) -> None:
        self._reporter: Any = config.pluginmanager.getplugin("terminalreporter")
        self._capture: Any = config.pluginmanager.getplugin("capturemanager")
        self._silent = self._reporter is None or hasattr(config, "workerinput") or config.get_verbosity() < 0
        self._title = title
        self._began = self._told = time.monotonic()

    def say(self, text: str) -> None:
        """One line of its own."""
        self._write(text, end=True)

    def __call__(self, done: int, total: int) -> None:
        """Tell that `done` of `total` trials are done, if it is time to."""
        now = time.monotonic()
        on_terminal = not self._silent and self._reporter.isatty
        if done < total and now - self._told < (TERMINAL_SECONDS if on_terminal else PLAIN_SECONDS):
            return
        self._told = now
        rate = done / max(now - self._began, 1e-9)
        left = f", {(total - done) / rate:.0f} s left" if done < total else f" in {now - self._began:.1f} s"
        self._write(f"{self._title}: {done:,} of {total:,} trials, {rate:.0f}/s{left}", end=done >= total)

    def _write(self, text: str, end: bool) -> None:
        if self._silent:
            return
        disabled = self._capture.global_and_fixture_disabled() if self._capture else nullcontext()
        with disabled:
            if not self._reporter.isatty:
                self._reporter.ensure_newline()
                self._reporter.write_line(text)
                return
            self._reporter.rewrite(text, erase=True)
            if end:
                self._reporter.write_line("")
