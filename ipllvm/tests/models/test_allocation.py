"""Memory on the CPU: blocks that are freed are taken again without the system."""

import json
import platform
from pathlib import Path

import pytest
import torch

from ipllvm.models.allocation import keep_freed
from ipllvm.tests.commands.processes import environment
from ipllvm.tests.forks import Command

FAULTS = """
import json, resource
import numpy as np
import torch
from ipllvm.models.allocation import keep_freed
from ipllvm.models.capacity import free_memory

cpu = torch.device("cpu")

def faults(times):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        blocks = [np.empty(16 * 2**20, np.uint8) for _ in range(8)]
        for block in blocks:
            block.fill(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults(2)
usual = faults(8)
kept = keep_freed(cpu)
faults(2)
after = faults(8)
free_memory(cpu)
print(json.dumps([usual, kept, after, faults(1)]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_blocks_that_were_freed_cost_no_pages(tmp_path: Path) -> None:
    (tmp_path / "faults.py").write_text(FAULTS, encoding="utf-8")
    status, printed = Command("faults", [], tmp_path, environment()).end()
    assert status == 0, printed
    usual, kept, after, given_back = json.loads(printed)
    assert kept
    assert after < 0.01 * usual
    assert given_back > 0.05 * usual, "what is kept counts as free, and is free"


def test_on_a_gpu_nothing_is_changed() -> None:
    assert not keep_freed(torch.device("cuda"))
