"""Memory: what is free, and how many prompts fit into it side by side."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ipllvm.models.allocation import give_back

MOST = 32
ITEMSIZE = 4
"""Bytes of a number as processors make them."""
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
EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
"""What configs call the number of experts of a layer."""


def footprint(text_config: Any) -> Footprint:
    """That of a decoder, from its configuration."""
    hidden = int(text_config.hidden_size)
    cache, widest = 0, 0
    for layer in _layers(text_config):
        heads = getattr(layer, "num_key_value_heads", None) or layer.num_attention_heads
        cache += 2 * int(heads) * _head_width(layer)
        widest = max(widest, *(int(getattr(layer, name, None) or 0) for name in WIDE))
    return Footprint(cache, hidden, 6 * hidden + 3 * (widest or 4 * hidden))


def _layers(text_config: Any) -> list[Any]:
    """The configuration of each layer, where a decoder has layers of several shapes; else its own for all."""
    count = int(text_config.num_hidden_layers)
    if getattr(text_config, "is_heterogeneous", False):
        return [text_config.per_layer_config[number] for number in range(count)]
    return [text_config] * count


def _head_width(layer: Any) -> int:
    """Numbers of a query, of a layer with this configuration."""
    return int(getattr(layer, "head_dim", None) or layer.hidden_size // layer.num_attention_heads)


def max_positions(text_config: Any) -> int | None:
    """How many positions a decoder was made for, stretched ones included; None where none are counted.

    Where longer prompts turn all positions otherwise, no more than up to there.
    """
    limit = getattr(text_config, "max_position_embeddings", None)
    if not isinstance(limit, int):
        return None
    if (steady := steady_positions(text_config)) is not None:
        return steady
    ropes = _ropes(text_config)
    trained = (rope.get("original_max_position_embeddings") or limit for rope in ropes)
    factors = (float(rope.get("factor") or 1) for rope in ropes)
    return max([limit, *(int(f * t) for f, t in zip(factors, trained, strict=True))])


def steady_positions(text_config: Any) -> int | None:
    """Up to how many positions rotary embeddings are the same whatever stands behind or beside; None where
    always. Beyond it they hang on the longest prompt of a batch (dynamic), or change at once (longrope).
    """
    limits = {
        "dynamic": lambda rope: text_config.max_position_embeddings,
        "longrope": lambda rope: rope.get("original_max_position_embeddings"),
    }
    kinds = ((rope, rope.get("rope_type", rope.get("type"))) for rope in _ropes(text_config))
    found = (limits[kind](rope) for rope, kind in kinds if kind in limits)
    return min((int(limit) for limit in found if limit), default=None)


def _ropes(text_config: Any) -> list[dict[str, Any]]:
    """What a config says of rotary embeddings, for all layers or by their kind."""
    told = getattr(text_config, "rope_parameters", None) or {}
    return [rope for rope in (told, *told.values()) if isinstance(rope, dict)]


def position_bytes(text_config: Any, itemsize: int) -> int:
    """Bytes that one position of a prompt takes while it is run."""
    return itemsize * footprint(text_config).prompt


def batch_size(free: int, positions: int, bytes_a_position: int) -> int:
    """How many prompts of `positions` go through together: 1 to 32.

    >>> batch_size(80_000_000_000, 640, 600_000), batch_size(20_000_000_000, 3000, 600_000)
    (32, 5)
    """
    return int(min(MOST, max(1, SHARE * free // (positions * bytes_a_position))))


@dataclass(frozen=True, slots=True)
class SampleCost:
    """Of a sample: products that a `position` takes in the layers of the decoder, `reach` more for each
    position that it sees, and those that all its `pictures` take in tower and projector; the `numbers` of its
    pictures as they are processed, and those that the tower works with on them. `calls` are the modules that
    one run of the decoder goes through, `tower_calls` those of tower and projector. Zeros where unknown.
    """

    position: float = 0.0
    pictures: float = 0.0
    numbers: float = 0.0
    tower: float = 0.0
    reach: float = 0.0
    calls: float = 0.0
    tower_calls: float = 0.0


UNKNOWN = SampleCost()


def sample_cost(model: Any, decoder: Any, pixels: Any) -> SampleCost:
    """That of a sample with these pixels, from the shapes of the weights; of a mixture of experts those that
    are chosen count.
    """
    share = _chosen(decoder.config)
    layers = (p for p in decoder.layers.parameters() if p.ndim > 1)
    position = sum(p.numel() * (share if p.ndim > 2 else 1.0) for p in layers)
    calls = sum(1 for _ in decoder.modules())
    decoding = SampleCost(position, reach=_reach(decoder.config), calls=calls)
    if pixels is None:
        return decoding
    words = (*decoder.parameters(), *(p for e in _ends(model) for p in e.parameters()))
    apart = {id(p) for p in words}
    tower = sum(p.numel() for p in model.parameters() if p.ndim > 1 and id(p) not in apart)
    vision = getattr(model.config, "vision_config", None)
    patches = pixels.numel() / _patch_numbers(vision)
    return replace(
        decoding,
        pictures=tower * patches,
        numbers=pixels.numel(),
        tower=patches * _tower_numbers(vision),
        tower_calls=sum(1 for _ in model.modules()) - calls,
    )


def _reach(text_config: Any) -> float:
    """Products of attention for each pair of positions, in all layers: of queries and keys, and of values."""
    return float(sum(2 * each.num_attention_heads * _head_width(each) for each in _layers(text_config)))


def _patch_numbers(vision: Any) -> int:
    """The numbers of a patch of a picture."""
    patch, depth = (
        getattr(vision, "patch_size", None) or 14,
        getattr(vision, "temporal_patch_size", None) or 1,
    )
    side = patch[0] if isinstance(patch, (list, tuple)) else patch
    return int(3 * side * side * depth)


def _tower_numbers(vision: Any) -> int:
    """What a tower works with for a patch: the states of all its layers, and what one layer makes of them."""
    hidden = next(
        (int(getattr(vision, n)) for n in ("embed_dim", "hidden_size") if getattr(vision, n, None)), 0
    )
    layers = getattr(vision, "num_hidden_layers", None) or getattr(vision, "depth", None) or 0
    wide = getattr(vision, "intermediate_size", None) or 4 * hidden
    return int(hidden * (layers + 1) + 6 * hidden + 3 * wide)


def _ends(model: Any) -> list[Any]:
    """The embeddings of words, and the head."""
    return [end for end in (model.get_input_embeddings(), model.get_output_embeddings()) if end is not None]


def _chosen(text_config: Any) -> float:
    """Which share of its experts a position goes through; 1 where there are none."""
    chosen, of = (
        next((int(getattr(text_config, n)) for n in names if getattr(text_config, n, None)), 1)
        for names in (("num_experts_per_tok", "moe_topk"), EXPERTS)
    )
    return chosen / of if of > 1 else 1.0
