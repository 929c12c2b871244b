"""Peak memory is that of the work watched, not of what the process did before."""

import numpy as np
import torch

from ipllvm.speed.memory import watched

CPU = torch.device("cpu")
SIZE = 1 << 27


def test_the_peak_is_that_of_the_work() -> None:
    with watched(CPU) as before:
        pass
    with watched(CPU) as busy:
        np.ones(SIZE, np.uint8)
    with watched(CPU) as after:
        pass
    assert busy.bytes > before.bytes + 0.9 * SIZE
    assert 0 < after.bytes < before.bytes + 0.5 * SIZE
