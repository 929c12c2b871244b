"""Being told to stop: SIGTERM, by which CI cancels a job, and SIGHUP end a run as Ctrl-C does."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_NAMES = ("SIGTERM", "SIGHUP")


def install() -> Callable[[], None]:
    """Let these signals raise KeyboardInterrupt in the main thread; what puts the former handlers back.

    One that is ignored, as SIGHUP is under nohup, stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    changed = {n: handler for n, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    for number in changed:
        signal.signal(number, signal.default_int_handler)
    return lambda: _restore(changed)


@contextmanager
def as_keyboard_interrupt() -> Iterator[None]:
    """`install` as long as it lasts."""
    restore = install()
    try:
        yield
    finally:
        restore()


def _restore(handlers: dict[Any, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
