"""CPU threads and GPUs are shared out among workers."""

import pytest
import torch

from ipllvm.session import threads


def work_as(monkeypatch: pytest.MonkeyPatch, worker: str | None, count: str | None = None) -> None:
    """Make this process worker `worker` of `count`, or no worker."""
    for name, value in (("PYTEST_XDIST_WORKER", worker), ("PYTEST_XDIST_WORKER_COUNT", count)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)


@pytest.mark.parametrize(("workers", "expected"), [(None, []), ("1", []), ("3", [2]), ("16", [1])])
def test_each_worker_gets_its_share(
    monkeypatch: pytest.MonkeyPatch, workers: str | None, expected: list[int]
) -> None:
    counts: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", counts.append)
    monkeypatch.setattr(threads, "cpus", lambda: 8)
    work_as(monkeypatch, None, workers)
    threads.share_threads()
    assert counts == expected


@pytest.mark.parametrize(
    ("gpus", "worker", "device", "expected"),
    [
        (2, "gw0", "auto", "cuda:0"),
        (2, "gw1", "auto", "cuda:1"),
        (2, "gw5", "cuda", "cuda:1"),
        (2, "gw1", "cuda:0", "cuda:0"),
        (2, "gw1", "cpu", "cpu"),
        (2, None, "auto", "auto"),
        (1, "gw1", "auto", "auto"),
        (0, "gw1", "auto", "auto"),
    ],
)
def test_each_worker_gets_a_gpu_of_its_own(
    monkeypatch: pytest.MonkeyPatch, gpus: int, worker: str | None, device: str, expected: str
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    work_as(monkeypatch, worker)
    assert threads.own_device(device) == expected


def test_there_is_a_cpu() -> None:
    assert threads.cpus() >= 1
