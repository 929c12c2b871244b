"""Peak memory is that of the work watched, not of what the process did before."""

import numpy as np
import torch

from ipllvm.models.allocation import give_back
from ipllvm.speed.memory import resident, watched

CPU = torch.device("cpu")
SIZE = 1 << 27


def test_the_peak_is_that_of_the_work() -> None:
    give_back()
    before = resident()
    with watched(CPU) as busy:
        np.ones(SIZE, np.uint8)
    with watched(CPU) as idle:
        pass
    assert busy.bytes > before + 0.9 * SIZE
    assert 0 < idle.bytes < before + 0.5 * SIZE
