"""Memory on the CPU: what is freed is kept for the next batch.

The C library gives large blocks back to the system as soon as they are freed, and the system clears every
page of the next one. A decoder frees and takes the same blocks in every layer: with llava-tiny on two cores
that was a fifth of the time.
"""

import ctypes
import platform
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

TRIM, MMAP = -1, -3
"""The numbers by which glibc's mallopt knows its thresholds (malloc.h)."""
BLOCK = 32 * 2**20
"""Blocks of fewer bytes are kept; older releases of glibc take no larger number."""
KEPT = 2**30
"""So many bytes at the end of the heap are kept; between blocks that are in use there may be more."""


def keep_freed(device: "torch.device") -> bool:
    """For the rest of the process, where models run on the CPU and glibc allocates; whether that is so."""
    if device.type != "cpu" or not _glibc():
        return False
    c = ctypes.CDLL(None)
    return bool(c.mallopt(MMAP, BLOCK) and c.mallopt(TRIM, KEPT))


def give_back() -> None:
    """Give what is kept back to the system: before another model is loaded, or memory is measured."""
    if _glibc():
        ctypes.CDLL(None).malloc_trim(0)


def _glibc() -> bool:
    return platform.libc_ver()[0] == "glibc"
