"""The progress line: rewritten on a terminal, now and then elsewhere, silent where it would disturb."""

from types import SimpleNamespace
from typing import Any

import pytest

from ipllvm.session import progress
from ipllvm.session.progress import TOLD, Controller, ProgressLine, Worker, told


class Screen:
    """Stands for pytest's terminal reporter."""

    def __init__(self, isatty: bool, width: int = 80) -> None:
        self.isatty = isatty
        self._tw = SimpleNamespace(fullwidth=width)
        self.written: list[tuple[str, str]] = []

    def ensure_newline(self) -> None:
        """Pytest's own."""

    def write_line(self, text: str) -> None:
        """Pytest's own."""
        self.written.append(("line", text))

    def rewrite(self, text: str, erase: bool) -> None:
        """Pytest's own."""
        assert erase
        self.written.append(("rewrite", text))


class Clock:
    """Time that stands still until told otherwise."""

    now = 100.0

    def monotonic(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def line(screen: Screen | None, verbosity: int = 0, **attributes: Any) -> ProgressLine:
    return ProgressLine(plain_config(screen, verbosity, **attributes), "m on b")


def plain_config(screen: Screen | None, verbosity: int = 0, **attributes: Any) -> Any:
    """A configuration of pytest that knows this terminal alone."""
    plugins = {"terminalreporter": screen}
    return SimpleNamespace(
        pluginmanager=SimpleNamespace(getplugin=plugins.get),
        get_verbosity=lambda: verbosity,
        **attributes,
    )


def test_a_terminal_gets_one_line_that_is_rewritten(clock: Clock) -> None:
    screen = Screen(isatty=True)
    told = line(screen)
    told(0, 1500)
    for done in (100, 200, 1500):
        clock.now += 1
        told(done, 1500)
    assert screen.written == [
        ("rewrite", "m on b: 100 of 1,500 trials, 100/s, 14 s left"),
        ("rewrite", "m on b: 200 of 1,500 trials, 100/s, 13 s left"),
        ("rewrite", "m on b: 1,500 of 1,500 trials, 500/s in 3.0 s"),
        ("line", ""),
    ]


@pytest.mark.parametrize("isatty", [True, False])
def test_a_name_makes_no_lines_of_its_own(clock: Clock, isatty: bool) -> None:
    """A folder of that name wrote a second line, as if pytest had."""
    screen = Screen(isatty)
    line(screen).say("loading m\n=== 9 passed ===\r: 18 MB")
    assert screen.written[0][1] == r"loading m\n=== 9 passed ===\r: 18 MB"


@pytest.mark.parametrize(
    ("what", "shown"), [("m" * 40, "…mmm: 10 of 1,500"), ("目" * 40, "…目: 10 of 1,500")]
)
def test_what_is_rewritten_stays_on_one_line_of_the_terminal(clock: Clock, what: str, shown: str) -> None:
    """A longer one left a line behind at each update."""
    screen = Screen(isatty=True, width=18)
    progress.Terminal(plain_config(screen)).show(f"{what}: 10 of 1,500", end=False)
    assert screen.written == [("rewrite", shown)]


def test_a_terminal_is_not_flooded(clock: Clock) -> None:
    screen = Screen(isatty=True)
    told = line(screen)
    for done in range(50):
        clock.now += 0.01
        told(done, 1500)
    assert len(screen.written) == 2


def test_elsewhere_a_line_is_written_now_and_then(clock: Clock) -> None:
    screen = Screen(isatty=False)
    told = line(screen)
    told(0, 30)
    for done in range(1, 31):
        clock.now += 1
        told(done, 30)
    assert [kind for kind, _ in screen.written] == ["line"] * 3
    assert screen.written[-1] == ("line", "m on b: 30 of 30 trials, 1/s in 30.0 s")


def test_a_slow_run_has_a_rate_too(clock: Clock) -> None:
    screen = Screen(isatty=False)
    told = line(screen)
    told(0, 2)
    clock.now += 20
    told(2, 2)
    assert screen.written[-1] == ("line", "m on b: 2 of 2 trials, 0.1/s in 20.0 s")


def test_a_message_is_a_line_of_its_own(clock: Clock) -> None:
    for isatty, written in ((False, [("line", "hello")]), (True, [("rewrite", "hello"), ("line", "")])):
        screen = Screen(isatty=isatty)
        line(screen).say("hello")
        assert screen.written == written


@pytest.mark.parametrize("quiet", [{"verbosity": -1}, {"workerinput": {}}])
def test_silent_under_q_and_in_workers_that_can_not_tell(clock: Clock, quiet: dict[str, Any]) -> None:
    screen = Screen(isatty=True)
    told = line(screen, **quiet)
    told.say("hello")
    told(30, 30)
    assert screen.written == []


def test_silent_without_a_terminal_reporter(clock: Clock) -> None:
    told = line(None)
    told.say("hello")
    told(30, 30)


def test_no_time_at_all_divides_nothing_by_zero(clock: Clock) -> None:
    screen = Screen(isatty=False)
    line(screen)(0, 0)
    assert screen.written == [("line", "m on b: 0 of 0 trials, all known")]


def test_what_was_known_before_is_no_part_of_the_rate(clock: Clock) -> None:
    screen = Screen(isatty=True)
    told = line(screen)
    told(1000, 1500)
    for done in (1100, 1500):
        clock.now += 1
        told(done, 1500)
    assert [text for _, text in screen.written] == [
        "m on b: 1,100 of 1,500 trials, 100/s, 4 s left",
        "m on b: 1,500 of 1,500 trials, 250/s in 2.0 s",
        "",
    ]
    known = line(screen)
    known(1500, 1500)
    assert screen.written[-2:] == [("rewrite", "m on b: 1,500 of 1,500 trials, all known"), ("line", "")]


def test_another_measurement_of_the_test_has_a_rate_of_its_own(clock: Clock) -> None:
    """As of a property that asks its questions in another way too."""
    screen = Screen(isatty=True)
    progress = line(screen)
    progress(100, 100)
    progress(0, 50)
    clock.now += 2
    progress(50, 50)
    assert [text for _, text in screen.written][-2:] == ["m on b: 50 of 50 trials, 25/s in 2.0 s", ""]


def test_a_worker_sends_reports_of_the_running_test(clock: Clock) -> None:
    sent: list[pytest.TestReport] = []
    config: Any = SimpleNamespace(
        hook=SimpleNamespace(pytest_runtest_logreport=lambda report: sent.append(report)),
        get_verbosity=lambda: 0,
        workerinput={},
    )
    worker = Worker(config)
    config.pluginmanager = SimpleNamespace(getplugin={"ipllvm-worker": worker}.get)
    ProgressLine(config, "m on b").say("nobody to tell")
    worker.pytest_runtest_logstart("properties/test_a.py::test_a", ("properties/test_a.py", 3, "test_a"))
    count = ProgressLine(config, "m on b")
    count(0, 100)
    for done in (10, 20, 100):
        clock.now += 0.6
        count(done, 100)
    assert [told(report) for report in sent] == [
        ("m on b: 20 of 100 trials, 17/s, 5 s left", False),
        ("m on b: 100 of 100 trials, 56/s in 1.8 s", True),
    ]
    assert {(report.nodeid, report.when, report.outcome) for report in sent} == {
        ("properties/test_a.py::test_a", "progress", "passed")
    }
    assert vars(sent[0])[TOLD] == ["m on b: 20 of 100 trials, 17/s, 5 s left", False]


def test_the_controller_draws_workers_side_by_side(clock: Clock) -> None:
    screen = Shown()
    drawn = Controller(screen, together=True, width=50)
    drawn.tell("gw1", "model on a: 1 of 2 trials", False)
    drawn.tell("gw0", "b: 1 of 9", False)
    drawn.tell("gw1", "model on a: 2 of 2 trials", True)
    drawn.tell("gw0", "b: 2 of 9", False)
    assert screen.shown == [
        ("gw1 model on a: 1 of 2 trials", False),
        ("gw0 b: 1 of 9; gw1 …on a: 1 of 2 trials", False),
        ("gw1 model on a: 2 of 2 trials", True),
        ("gw0 b: 2 of 9", False),
    ]


def test_without_a_terminal_each_worker_gets_a_line_now_and_then(clock: Clock) -> None:
    screen = Shown()
    drawn = Controller(screen, together=False, width=0)
    for second in range(25):
        clock.now += 1
        drawn.tell("gw0", str(second), False)
        drawn.tell("gw1", str(second), second == 3)
    assert screen.shown == [
        ("gw1 3", True), ("gw0 10", False), ("gw1 10", False), ("gw0 20", False), ("gw1 20", False)
    ]  # fmt: skip


class Shown:
    """A screen that keeps what it is shown."""

    every = progress.PLAIN_SECONDS

    def __init__(self) -> None:
        self.shown: list[tuple[str, bool]] = []

    def show(self, text: str, end: bool) -> None:
        """Keep it."""
        self.shown.append((text, end))
