"""CPU threads are shared out among xdist workers."""

import os

import torch


def share_threads() -> None:
    """Give this process its share of the CPUs: all of them without xdist."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // workers))
