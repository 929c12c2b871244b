"""Memory: what is free, and how many prompts fit into it side by side."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ipllvm.models.allocation import give_back

MOST = 32
SHARE = 0.5
"""Share of the free memory that a batch may plan with; the rest is for what no formula sees."""


def free_memory(device: torch.device) -> int:
    """Bytes that can still be had; page cache and torch's own reserve count as free, and what the process
    keeps on the CPU is given back first.
    """
    if device.type == "cuda":
        reserve = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0] + reserve)
    give_back()
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Footprint:
    """Numbers that a decoder holds a position: the keys and values of all layers, a layer's input, and
    what one layer works with.
    """

    cache: int
    state: int
    work: int

    @property
    def prompt(self) -> int:
        """While a prompt is run."""
        return self.cache + self.work

    def kept(self, layers: int) -> int:
        """Of the clean pass behind trials that enter `layers` layers: keys and values, and these inputs."""
        return self.cache + layers * self.state if layers else 0


WIDE = ("intermediate_size", "ffn_dim", "n_inner", "ffn_hidden_size")
"""What configs call the width inside a feed-forward part; elsewhere it is 4 times that of the state."""


def footprint(text_config: Any) -> Footprint:
    """That of a decoder, from its configuration."""
    hidden = int(text_config.hidden_size)
    heads = getattr(text_config, "num_key_value_heads", None) or text_config.num_attention_heads
    width = getattr(text_config, "head_dim", None) or hidden // text_config.num_attention_heads
    cache = 2 * text_config.num_hidden_layers * heads * width
    wide = next((getattr(text_config, n) for n in WIDE if getattr(text_config, n, None)), 4 * hidden)
    return Footprint(int(cache), hidden, 6 * hidden + 3 * int(wide))


def max_positions(text_config: Any) -> int | None:
    """How many positions a decoder was made for, stretched ones included; None where none are counted."""
    limit = getattr(text_config, "max_position_embeddings", None)
    if not isinstance(limit, int):
        return None
    told = getattr(text_config, "rope_parameters", None) or {}
    ropes = [rope for rope in (told, *told.values()) if isinstance(rope, dict)]
    trained = (rope.get("original_max_position_embeddings") or limit for rope in ropes)
    factors = (float(rope.get("factor") or 1) for rope in ropes)
    return max([limit, *(int(f * t) for f, t in zip(factors, trained, strict=True))])


def position_bytes(text_config: Any, itemsize: int) -> int:
    """Bytes that one position of a prompt takes while it is run."""
    return itemsize * footprint(text_config).prompt


def batch_size(free: int, positions: int, bytes_a_position: int) -> int:
    """How many prompts of `positions` go through together: 1 to 32.

    >>> batch_size(80_000_000_000, 640, 600_000), batch_size(20_000_000_000, 3000, 600_000)
    (32, 5)
    """
    return int(min(MOST, max(1, SHARE * free // (positions * bytes_a_position))))
