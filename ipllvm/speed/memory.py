"""How much memory a piece of work takes, at most."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import torch

from ipllvm.models.allocation import give_back

SECONDS = 0.005
STATM = Path("/proc/self/statm")


@dataclass(slots=True)
class Peak:
    """Bytes at the highest point; 0 where the system does not tell."""

    bytes: int = 0


@contextmanager
def watched(device: torch.device) -> Iterator[Peak]:
    """While it lasts: torch's tensors on a GPU, the weights among them; on a CPU the resident memory of the
    whole process, with Python and its packages, looked at every 5 ms.
    """
    gc.collect()
    give_back()
    peak = Peak()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        yield peak
        peak.bytes = int(torch.cuda.max_memory_allocated(device))
        return
    done = Event()
    looking = Thread(target=_look, args=(peak, done), daemon=True)
    looking.start()
    try:
        yield peak
    finally:
        done.set()
        looking.join()


def _look(peak: Peak, done: Event) -> None:
    while True:
        peak.bytes = max(peak.bytes, resident())
        if done.wait(SECONDS):
            return


def resident() -> int:
    """Bytes of this process in memory; 0 where the system does not tell."""
    try:
        return int(STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
