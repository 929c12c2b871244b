"""What code that a checkpoint brings may set for the whole process, and what is put back behind it."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from ipllvm.errors import ModelUnavailable, UsageError


@contextmanager
def restored() -> Iterator[None]:
    """Behind it the working folder, the filters of warnings and torch's defaults (dtype, device, gradients,
    deterministic algorithms, threads) are those of before: else a report would be written elsewhere, and the
    next model measured in other numbers.

    Raises UsageError where the working folder is gone before it, ModelUnavailable where it is behind it.
    """
    try:
        folder = Path.cwd()
    except OSError as error:
        raise UsageError("the working folder is gone: run in another one") from error
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    gradients, threads = torch.is_grad_enabled(), torch.get_num_threads()
    strict = torch.are_deterministic_algorithms_enabled()
    warns_only = torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        with warnings.catch_warnings():
            yield
    finally:
        torch.set_default_dtype(dtype)
        if torch.get_default_device() != device:
            torch.set_default_device(device)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        torch.set_grad_enabled(gradients)
        torch.use_deterministic_algorithms(strict, warn_only=warns_only)
        try:
            os.chdir(folder)
        except OSError as error:
            raise ModelUnavailable(
                f"{folder}: the working folder is gone since a model was loaded, whose own code may have "
                "deleted it: run in another folder, without --trust-remote-code"
            ) from error
