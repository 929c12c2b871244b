"""The GPUs that this process may use, as far as files tell: torch, which takes seconds, is not asked."""

import os
from pathlib import Path
from typing import Final

DRIVERS: Final = ("/proc/driver/nvidia", "/dev/nvidiactl", "/dev/nvmap", "/dev/dxg", "/dev/kfd")
"""One of these is there where any driver is."""


def drivers() -> list[str]:
    """Which of the files of drivers are there."""
    return [place for place in DRIVERS if Path(place).exists()]


def count() -> int:
    """How many NVIDIA GPUs there are and are not hidden by CUDA_VISIBLE_DEVICES."""
    found = len(list(Path("/proc/driver/nvidia/gpus").glob("*")))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return found
    return min(found, len([part for part in visible.split(",") if part.strip() not in ("", "-1")]))
