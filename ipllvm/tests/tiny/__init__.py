"""Tiny random checkpoints of every family and decoder kind, each with its real processor."""

from pathlib import Path

import pytest
import transformers
from transformers import CONFIG_MAPPING

from ipllvm.tests.tiny import grids, llava, squares, tiles
from ipllvm.tests.tiny.parts import Kind, write

KINDS: dict[str, Kind] = {**llava.KINDS, **tiles.KINDS, **grids.KINDS, **squares.KINDS}

NEEDS = {
    **{kind: ("torchvision",) for kind, made in KINDS.items() if made.torchvision},
    "perception_lm": ("timm", "torchvision"),
    "smolvlm": ("num2words",),
}
"""Packages that a kind can't do without."""


def make(name: str, folder: Path) -> Path:
    """Write the checkpoint of a kind into a folder; skips where this transformers has no such type."""
    kind = KINDS[name]
    if kind.family not in CONFIG_MAPPING:
        pytest.skip(f"transformers {transformers.__version__} has no {kind.family}")
    return write(kind, folder)
