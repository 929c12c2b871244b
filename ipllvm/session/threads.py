"""CPU threads and GPUs are shared out among xdist workers."""

import os


def cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share_threads() -> None:
    """Give an xdist worker its share of the CPUs; without xdist torch's own choice stays."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        import torch

        torch.set_num_threads(max(1, cpus() // workers))


def own_device(device: str) -> str:
    """The GPU of this worker where there are several and none was named; else `device` as it is."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None or device not in ("auto", "cuda"):
        return device
    import torch

    gpus = torch.cuda.device_count()
    if gpus < 2:
        return device
    return f"cuda:{int(worker.removeprefix('gw')) % gpus}"
