"""A progress line on the controller's terminal: rewritten on a terminal, now and then elsewhere.

An xdist worker has no terminal: what it has to say travels as a report of the test that is running,
by pytest's own hook for reports, and the controller draws it.
"""

import time
from collections.abc import Iterable
from contextlib import nullcontext
from itertools import accumulate
from typing import Any, Protocol
from unicodedata import east_asian_width

import pytest

from ipllvm.safety.printing import visible

LONG = 4096
LEAST = 24
"""Columns that a worker has at least where several share a line."""
PLAIN_SECONDS = 10.0
TERMINAL_SECONDS = 0.2
WORKER_SECONDS = 1.0
TOLD = "ipllvm_told"
"""The attribute of such a report: (text, whether it is a line of its own)."""


class Screen(Protocol):
    """Where progress is shown, and how often it may be."""

    every: float

    def show(self, text: str, end: bool) -> None:
        """Show a text in place of the last one; `end` leaves it standing."""
        ...


class Nowhere:
    """Under -q, and without a terminal reporter."""

    every = float("inf")

    def show(self, text: str, end: bool) -> None:
        """Nothing."""


class Terminal:
    """The terminal reporter of this process."""

    def __init__(self, config: pytest.Config) -> None:
        self._reporter: Any = config.pluginmanager.getplugin("terminalreporter")
        self._capture: Any = config.pluginmanager.getplugin("capturemanager")
        self.every = TERMINAL_SECONDS if self._reporter.isatty else PLAIN_SECONDS

    def show(self, text: str, end: bool) -> None:
        """See the protocol: without a terminal each text is a line."""
        text = visible(text, LONG)
        disabled = self._capture.global_and_fixture_disabled() if self._capture else nullcontext()
        with disabled:
            if not self._reporter.isatty:
                self._reporter.ensure_newline()
                dots = getattr(self._reporter, "_width_of_current_line", 0)  # xdist's are of no file
                self._reporter.write_line(f"\n{text}" if dots else text)
                return
            self._reporter.rewrite(text if end else fitting(text, width(self._reporter)), erase=True)
            if end:
                self._reporter.write_line("")


class Worker:
    """What an xdist worker has to say, sent to the controller; a plugin that knows which test is running."""

    every = WORKER_SECONDS

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._test: tuple[str, Any] | None = None

    def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:
        """A test begins."""
        self._test = nodeid, location

    def show(self, text: str, end: bool) -> None:
        """See the protocol; between tests there is nobody to tell."""
        if self._test is None:
            return
        nodeid, location = self._test
        make: Any = pytest.TestReport  # of a phase that pytest has not
        report = make(nodeid, location, {}, "passed", None, "progress", **{TOLD: [text, end]})
        self._config.hook.pytest_runtest_logreport(report=report)


class Controller:
    """Draws what workers say: side by side on a terminal, else a line of each now and then."""

    def __init__(self, screen: Screen, together: bool, width: int) -> None:
        self._screen, self._together, self._width = screen, together, width
        self._latest: dict[str, str] = {}
        self._told: dict[str, float] = {}

    def tell(self, worker: str, text: str, end: bool) -> None:
        """A worker has said something."""
        if end:
            self._latest.pop(worker, None)
            self._screen.show(f"{worker} {text}", True)
        elif self._together:
            self._latest[worker] = text
            room = max(self._width // len(self._latest) - 2, LEAST)
            shown = (f"{name} {fitting(said, room - len(name) - 1)}" for name, said in self._latest.items())
            self._screen.show("; ".join(sorted(shown))[: self._width], False)
        elif time.monotonic() - self._told.setdefault(worker, time.monotonic()) >= self._screen.every:
            self._told[worker] = time.monotonic()
            self._screen.show(f"{worker} {text}", False)


def screen(config: pytest.Config) -> Screen:
    """Where the progress of this process goes."""
    if config.get_verbosity() < 0:
        return Nowhere()
    worker: Any = config.pluginmanager.getplugin("ipllvm-worker")
    if worker is not None:
        return worker  # type: ignore[no-any-return]
    if hasattr(config, "workerinput") or config.pluginmanager.getplugin("terminalreporter") is None:
        return Nowhere()
    return Terminal(config)


def controller(config: pytest.Config) -> Controller:
    """What draws for the workers of this process."""
    reporter: Any = config.pluginmanager.getplugin("terminalreporter")
    together = bool(reporter and reporter.isatty)
    return Controller(screen(config), together, width(reporter) if together else 0)


def width(reporter: Any) -> int:
    """Columns of a terminal that can be rewritten."""
    return int(reporter._tw.fullwidth) - 1


def fitting(text: str, columns: int) -> str:
    """The end of `text`, where its numbers are, in so many columns of a terminal.

    >>> fitting("llava-tiny: 9 of 10", 9), fitting("目目: 9 of 10", 12), fitting("short", 9)
    ('… 9 of 10', '…目: 9 of 10', 'short')
    """
    ends = list(accumulate(1 + (each in "WF") for each in map(east_asian_width, reversed(text))))
    if not ends or ends[-1] <= columns:
        return text
    return "…" + text[len(text) - sum(end < columns for end in ends) :]


def told(report: pytest.TestReport) -> tuple[str, bool] | None:
    """What a worker says by this report; None for a report of a test."""
    found = getattr(report, TOLD, None)
    return None if found is None else (str(found[0]), bool(found[1]))


class ProgressLine:
    """Rate and time left of one measurement; silent under -q."""

    def __init__(self, config: pytest.Config, title: str, what: str = "trials") -> None:
        self._screen = screen(config)
        self._title = title
        self._what = what
        self._began = self._told = time.monotonic()
        self._known: int | None = None
        self._done = 0

    def say(self, text: str) -> None:
        """One line of its own."""
        self._screen.show(text, True)

    def say_all(self, texts: Iterable[str]) -> None:
        """Each on a line of its own."""
        for text in texts:
            self.say(text)

    def __call__(self, done: int, total: int) -> None:
        """Tell that `done` of `total` are done, if it is time to.

        What the first call says was done before, and is no part of the rate. Where less is done than at the
        call before, another measurement has begun.
        """
        now = time.monotonic()
        if self._known is None or done < self._done:
            self._began, self._known = now if self._known is not None else self._began, done
        self._done = done
        if done < total and now - self._told < self._screen.every:
            return
        self._told = now
        text = self._text(done - self._known, now - self._began, total - done)
        self._screen.show(f"{self._title}: {done:,} of {total:,} {self._what}{text}", done >= total)

    def _text(self, measured: int, seconds: float, left: int) -> str:
        """Rate and time, where there is anything to go by."""
        if not measured:
            return "" if left else ", all known"
        rate = measured / max(seconds, 1e-9)
        speed = f", {rate:.0f}/s" if rate >= 1 else f", {rate:.1g}/s"
        return speed + (f", {left / rate:.0f} s left" if left else f" in {seconds:.1f} s")
