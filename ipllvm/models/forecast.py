"""What a checkpoint will cost, told before its weights are read."""

import time
from typing import Any

import torch

from ipllvm.models.checkpoint import Checkpoint

TEXT_TOKENS = 64
ONE = (
    *("llava", "vipllava", "got_ocr2", "janus", "deepseek_vl", "deepseek_vl_hybrid"),
    *("gemma3", "paligemma"),
)
TILES = {**dict.fromkeys(ONE, 1), "llava_next": 5, "llava_onevision": 6}
"""Views of a picture that a family typically takes, the base view among them."""
BY_PICTURE = (
    *("aya_vision", "cohere2_vision", "idefics2", "idefics3", "internvl", "lfm2_vl", "llama4", "molmo2"),
    *("ovis2", "perception_lm", "smolvlm", "aria", "gemma4", "exaone4_5", "glm46v", "glm4v", "glm4v_moe"),
    *("lighton_ocr", "mistral3", "qwen2_5_vl", "qwen2_vl", "qwen3_5", "qwen3_5_moe", "qwen3_vl"),
    *("qwen3_vl_moe", "video_llama_3", "blip-2", "instructblip", "granite4_vision", "mllama"),
)
"""Families whose number of tokens the picture or the queries decide: forecast as one view, as are
families from other packages.
"""
EFFICIENCY = 0.4
"""Share of the matmul rate that a forward pass reaches, from timings of small and large models."""


def forecast(found: Checkpoint, device: torch.device, dtype: torch.dtype) -> str:
    """One line: size in memory, and the time of a thousand trials at this device's matmul rate."""
    seconds = 1000 * trial_seconds(found.parameters, visual_tokens(found), matmul_rate(device, dtype))
    size = found.size(dtype.itemsize)
    numbers = str(dtype).removeprefix("torch.")
    return (
        f"{found.parameters / 1e6:,.1f} M parameters, {size / 1e6:,.0f} MB in {numbers} on {device}, "
        f"about {seconds:,.0f} s per 1,000 trials"
    )


def here() -> tuple[str, float]:
    """The device that would be used, and its rate of matrix products in the dtype that it would use."""
    name = "cuda" if torch.cuda.is_available() else "cpu"
    return name, matmul_rate(torch.device(name), torch.float32 if name == "cpu" else torch.bfloat16)


def visual_tokens(found: Checkpoint) -> int:
    """Roughly how many visual tokens the decoder gets from one picture."""
    section = found.config.get("vision_config")
    vision: dict[str, Any] = section if isinstance(section, dict) else {}
    side, patch = (
        _side(vision.get(name), usual) for name, usual in (("image_size", 336), ("patch_size", 14))
    )
    return int((side // patch) ** 2 * TILES.get(found.family, 1))


def _side(size: Any, usual: int) -> int:
    """The side of a square, which some configs tell twice and some not at all."""
    side = size[0] if isinstance(size, list) and size else size
    return side if isinstance(side, int) and side > 0 else usual


def trial_seconds(parameters: int, tokens: int, rate: float) -> float:
    """Seconds of one forward pass: two operations a parameter and token (Kaplan et al. 2020, 2.1).

    >>> trial_seconds(7_000_000_000, 576, 4e14)
    0.056
    """
    return 2 * parameters * (tokens + TEXT_TOKENS) / (EFFICIENCY * rate)


def matmul_rate(device: torch.device, dtype: torch.dtype, size: int = 1024) -> float:
    """Operations a second of a square matrix product, the best of four."""
    a = torch.ones(size, size, device=device, dtype=dtype)
    best = 0.0
    for _ in range(4):
        began = time.perf_counter()
        (a @ a)[0, 0].item()  # .item() waits for the GPU
        best = max(best, 2 * size**3 / (time.perf_counter() - began))
    return best
