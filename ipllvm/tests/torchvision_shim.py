"""Torchvision's transforms, also where its own library does not fit the torch that is installed."""

import sys
from functools import cache
from importlib import import_module
from typing import Any

import torch

OPERATORS = ("nms", "qnms")
"""What torchvision registers shapes for when it is imported."""


@cache
def usable() -> bool:
    """Whether torchvision can be imported; what it wants of its library is declared, and never run."""
    try:
        import_module("torchvision")
    except ModuleNotFoundError:
        return False
    except RuntimeError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library: Any = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
        for name in OPERATORS:
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _LIBRARIES.append(library)
        import_module("torchvision")
    return True


_LIBRARIES: list[Any] = []
"""Declared as long as they are held."""
