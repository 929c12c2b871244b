"""A limit on the memory that a program of somebody else takes here."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STATM = Path("/proc/self/statm")


@contextmanager
def memory_within(size: int, what: str) -> Iterator[None]:
    """Raises ValueError where the block takes `size` bytes more of address space than the process has.

    For its time the limit is that of all threads, so it leaves them room: give hundreds of megabytes. Outside
    the main thread, and where the system tells no size (it is not Linux), there is no limit.
    """
    if not _STATM.exists() or threading.current_thread() is not threading.main_thread():
        yield
        return
    import resource

    now = int(_STATM.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    before, hard = resource.getrlimit(resource.RLIMIT_AS)
    unlimited = resource.RLIM_INFINITY
    lowest = min(limit for limit in (before, hard, now + size) if limit != unlimited)
    resource.setrlimit(resource.RLIMIT_AS, (lowest, hard))
    try:
        yield
    except MemoryError:
        raise ValueError(f"{what} takes more than {size >> 20:,} MiB of memory") from None
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, hard))
