"""A model in memory is handed back as it was: modes, template, attention, gradients and random states."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


@contextmanager
def preserved(model: Any, processor: Any) -> Iterator[None]:
    """While this lasts anybody may evaluate the model and draw numbers; then training goes on as if not.

    Kept are each module's training mode, the processor's chat template, the kind of attention, and the states
    of the generators of Python, NumPy and torch, on every device. Weights, gradients and optimisers are not
    touched by a measurement.
    """
    modes = {module: module.training for module in model.modules()}
    template, attention = processor.chat_template, model.config._attn_implementation
    restore = _random_states()
    try:
        yield
    finally:
        restore()
        for module, mode in modes.items():
            module.training = mode
        processor.chat_template = template
        if model.config._attn_implementation != attention:
            model.set_attn_implementation(attention)


def _random_states() -> Any:
    """What puts back the states that the generators have now."""
    import torch

    python, numbers, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []

    def restore() -> None:
        random.setstate(python)
        np.random.set_state(numbers)
        torch.set_rng_state(cpu)
        if devices:
            torch.cuda.set_rng_state_all(devices)

    return restore
