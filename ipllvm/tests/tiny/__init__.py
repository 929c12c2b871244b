"""Tiny random checkpoints of every family and decoder kind, each with its real processor."""

from pathlib import Path

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
    """Write the checkpoint of a kind into a folder."""
    return write(KINDS[name], folder)
