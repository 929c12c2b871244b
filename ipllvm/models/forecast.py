"""What a checkpoint will cost, told before its weights are read."""

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from transformers import LlamaConfig, LlamaModel

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
REACHED = {"cpu": 0.6, "cuda": 0.4}
"""The same where calls are counted apart: on a CPU from timings of tiny models, on a GPU as above."""
IN_A_BATCH = 3.9
"""How many times as long a call takes in a batch, with masks and a cache, as on a single position: about 3 on
one machine and 5 on another (reports/measured.md).
"""
PROBED, STEPS = 4, 40
"""Layers of the decoder that is timed, and how often it is: the first millisecond of a process and what runs
beside it make a few steps too slow by up to 40 %.
"""
TRIES = 4
"""How often a matrix product is timed."""
SIDE, SMALL_SIDE, FEW_THREADS = 1024, 512, 4
"""Rows of a matrix that is multiplied to know a device, and of one that is enough for a few threads."""


def forecast(found: Checkpoint, device: torch.device, dtype: torch.dtype, parameters: int = 0) -> str:
    """One line: size in memory, and the time of a thousand trials at this device's matmul rate.

    `parameters` is how many there are where the files can't tell.
    """
    count = parameters or found.parameters
    seconds = 1000 * trial_seconds(count, visual_tokens(found), known_rate(device, dtype))
    size = found.size(dtype.itemsize)
    numbers = str(dtype).removeprefix("torch.")
    stored = f"({found.quantisation}) " if found.quantisation else ""
    return (
        f"{count / 1e6:,.1f} M parameters, {size / 1e6:,.0f} MB {stored}in {numbers} on {device}, "
        f"about {seconds:,.0f} s per 1,000 trials"
    )


def here() -> tuple[str, float]:
    """The device that would be used, and its rate of matrix products in the dtype that it would use."""
    name = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.float32 if name == "cpu" else torch.bfloat16
    return name, matmul_rate(torch.device(name), dtype, idle=True)


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


@cache
def known_rate(device: torch.device, dtype: torch.dtype) -> float:
    """The matmul rate of a device, measured once a process: a hundredth of a second a thread."""
    small = device.type == "cpu" and torch.get_num_threads() <= FEW_THREADS
    return matmul_rate(device, dtype, SMALL_SIDE if small else SIDE)


def matmul_rate(device: torch.device, dtype: torch.dtype, size: int = SIDE, *, idle: bool = False) -> float:
    """Operations a second of a square matrix product, the best of some; `idle`: as if on an idle CPU."""
    a = torch.ones(size, size, device=device, dtype=dtype)
    cpu = idle and device.type == "cpu"
    seconds = _best(lambda: (a @ a)[0, 0].item(), time.process_time if cpu else time.perf_counter)
    return 2 * size**3 * (torch.get_num_threads() if cpu else 1) / seconds  # .item() waits for the GPU


@cache
def call_seconds(device: torch.device) -> float:
    """What a call of a module takes in a batch, beside its products, on this machine: Python, and starting a
    kernel. From a tiny decoder of Llama's kind on a single position.
    """
    config = LlamaConfig(
        hidden_size=64, intermediate_size=96, num_hidden_layers=PROBED, num_attention_heads=4, vocab_size=8
    )  # fmt: skip
    kind: Any = LlamaModel
    with torch.random.fork_rng(devices=[]):
        decoder = kind(config).to(device).eval()
    given = {"inputs_embeds": torch.zeros(1, 1, 64, device=device)}

    @torch.inference_mode()
    def step() -> None:
        decoder(**given, use_cache=True).last_hidden_state[0, 0, 0].item()

    clock = time.thread_time if device.type == "cpu" else time.perf_counter
    return IN_A_BATCH * _best(step, clock, STEPS) / sum(1 for _ in decoder.modules())


def _best(work: Callable[[], Any], clock: Callable[[], float], tries: int = TRIES) -> float:
    """Seconds of some work by a clock, the least of some tries behind a first."""
    work()
    found = []
    for _ in range(tries):
        began = clock()
        work()
        found.append(clock() - began)
    return max(min(found), 1e-9)
