"""Work of somebody else's making, such as a chat template, for so many seconds and no longer."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


@contextmanager
def within(seconds: float, what: str) -> Iterator[None]:
    """Raises TimeoutError where the block takes longer, at the next instruction of Python in the main thread.

    In others, and where the system has no alarm, there is no limit.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(*_: object) -> NoReturn:
        raise TimeoutError(f"{what} takes more than {seconds:g} s")

    began, before = time.monotonic(), signal.signal(signal.SIGALRM, late)
    others, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, max(others - (time.monotonic() - began), 1e-3) if others else 0)
        signal.signal(signal.SIGALRM, before)
