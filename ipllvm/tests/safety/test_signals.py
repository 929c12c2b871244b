"""Deadlines and signals: what is late or told to stop ends, and all is as before afterwards."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ipllvm.safety.deadline import within
from ipllvm.safety.interrupts import as_keyboard_interrupt, install


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """No alarm and no handler is left to the next test."""
    names = (signal.SIGALRM, signal.SIGTERM, signal.SIGHUP)
    before = {name: signal.getsignal(name) for name in names}
    yield
    left = signal.setitimer(signal.ITIMER_REAL, 0)
    for name, handler in before.items():
        signal.signal(name, handler)
    assert left == (0.0, 0.0), "an alarm was left"


def busy(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.002)


def test_what_is_done_in_time_is_left_alone() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with within(5, "this"):
        assert signal.getsignal(signal.SIGALRM) != before
    assert signal.getsignal(signal.SIGALRM) == before
    busy(0.01)


@pytest.mark.parametrize(("seconds", "words"), [(0.02, "0.02 s"), (0.01, "0.01 s")])
def test_what_takes_longer_ends_and_says_what_it_was(seconds: float, words: str) -> None:
    with pytest.raises(TimeoutError) as error, within(seconds, "its chat template"):
        busy(5)
    assert str(error.value) == f"its chat template takes more than {words}"


def test_an_error_of_the_block_is_its_own_and_ends_the_alarm() -> None:
    with pytest.raises(KeyError), within(0.03, "this"):
        raise KeyError("x")
    busy(0.05)


def test_a_deadline_within_another_gives_it_back_what_is_left() -> None:
    with pytest.raises(TimeoutError, match=r"^the outer takes more than 0\.06 s$"), within(0.06, "the outer"):
        with within(5, "the inner"):
            busy(0.01)
        busy(5)


def test_an_inner_deadline_ends_the_inner_block_alone() -> None:
    with within(5, "the outer"):
        with pytest.raises(TimeoutError, match="the inner"), within(0.01, "the inner"):
            busy(5)
        busy(0.03)


def test_an_outer_deadline_that_passed_in_the_inner_block_is_not_lost() -> None:
    with pytest.raises(TimeoutError, match="the outer"), within(0.01, "the outer"):
        with within(5, "the inner"):
            busy(0.03)
        busy(1)


def in_thread(work: Callable[[], Any]) -> list[Any]:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found


def test_in_another_thread_there_is_no_limit_and_no_alarm() -> None:
    def work() -> str:
        with within(0.001, "this"):
            time.sleep(0.02)
        return "done"

    before = signal.getsignal(signal.SIGALRM)
    assert in_thread(work) == ["done"] and signal.getsignal(signal.SIGALRM) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_being_told_to_stop_is_as_ctrl_c(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_DFL)  # whoever runs the tests under nohup ignores one
    with pytest.raises(KeyboardInterrupt), as_keyboard_interrupt():
        os.kill(os.getpid(), number)
        busy(1)
    assert signal.getsignal(number) == signal.SIG_DFL


def test_what_is_ignored_stays_ignored() -> None:
    """As SIGHUP under nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with as_keyboard_interrupt():
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGTERM) == signal.default_int_handler
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def test_handlers_of_others_come_back() -> None:
    heard: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    restore = install()
    assert signal.getsignal(signal.SIGTERM) == signal.default_int_handler
    restore()
    os.kill(os.getpid(), signal.SIGTERM)
    busy(0.01)
    assert heard == [signal.SIGTERM]


def test_twice_is_as_once() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with as_keyboard_interrupt(), as_keyboard_interrupt():
        assert signal.getsignal(signal.SIGTERM) == signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) == before


def test_in_another_thread_nothing_is_changed() -> None:
    before = signal.getsignal(signal.SIGTERM)

    def work() -> bool:
        install()()
        return signal.getsignal(signal.SIGTERM) == before

    assert in_thread(work) == [True]
