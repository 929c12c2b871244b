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
        self._known: int | None = None

    def say(self, text: str) -> None:
        """One line of its own."""
        self._write(text, end=True)

    def __call__(self, done: int, total: int) -> None:
        """Tell that `done` of `total` trials are done, if it is time to.

        What the first call says was done before, and is no part of the rate.
        """
        if self._known is None:
            self._known = done
        now = time.monotonic()
        on_terminal = not self._silent and self._reporter.isatty
        if done < total and now - self._told < (TERMINAL_SECONDS if on_terminal else PLAIN_SECONDS):
            return
        self._told = now
        text = self._text(done - self._known, now - self._began, total - done)
        self._write(f"{self._title}: {done:,} of {total:,} trials{text}", end=done >= total)

    def _text(self, measured: int, seconds: float, left: int) -> str:
        """Rate and time, where there is anything to go by."""
        if not measured:
            return "" if left else ", all known"
        rate = measured / max(seconds, 1e-9)
        return f", {rate:.0f}/s" + (f", {left / rate:.0f} s left" if left else f" in {seconds:.1f} s")

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
