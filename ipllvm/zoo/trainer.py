"""The training loop that every recipe shares: seeded, resumable, with a learning curve on disk."""

import json
import math
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ipllvm.zoo.recipes import Phase

Loss = Callable[[int], Tensor]
Trainable = tuple[Any, Callable[[Phase], Loss]]
"""A model, and the loss of each of its phases."""
Optimizers = Sequence[torch.optim.Optimizer]
SAVE_SECONDS = 120.0
LOG_STEPS = 50
DECAY = 0.05


def device() -> torch.device:
    """A GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half() -> bool:
    """Whether the device multiplies in bfloat16 itself; a CPU that has to act it takes ten times as long."""
    return device().type == "cuda" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def machine() -> str:
    """What the training runs on, in words."""
    where = device()
    if where.type == "cuda":
        return torch.cuda.get_device_name(where)
    return f"{torch.get_num_threads()} CPU threads"


def compiled(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """`function` compiled for each shape that it meets, where a C++ compiler is at hand."""
    if shutil.which("g++") is None:
        return function
    torch._dynamo.config.recompile_limit = 32
    faster: Callable[..., Tensor] = torch.compile(function, dynamic=False)
    return faster


def rate(phase: Phase, step: int) -> float:
    """Warm up, hold, then fall linearly to zero over the last `cooldown` of the steps.

    >>> p = Phase("p", steps=100, batch=1, rate=1.0, mix={}, warmup=10)
    >>> [round(rate(p, s), 2) for s in (0, 9, 50, 90, 99)]
    [0.1, 1.0, 1.0, 0.5, 0.05]
    """
    rise = min(1.0, (step + 1) / max(1, phase.warmup))
    fall = (phase.steps - step) / max(1.0, phase.cooldown * phase.steps)
    return phase.rate * min(rise, fall, 1.0)


def fit(model: nn.Module, loss: Loss, phase: Phase, folder: Path) -> None:
    """Train `model` in place for one phase, going on from `folder` where a run was stopped.

    `loss(step)` draws the batch of that step, so that a resumed run sees the same batches.
    """
    folder.mkdir(parents=True, exist_ok=True)
    optimizers = _optimizers(model, phase)
    start = _resume(model, optimizers, folder / f"{phase.name}.pt")
    model.train()
    began, saved, sums = time.monotonic(), time.monotonic(), []
    for step in range(start, phase.steps):
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["share"] * rate(phase, step)
        value = _step(model, loss, optimizers, step)
        sums.append(value)
        if (step + 1) % LOG_STEPS == 0 or step + 1 == phase.steps:
            speed = (step + 1 - start) / (time.monotonic() - began)
            _log(folder, phase, step + 1, sum(sums) / len(sums), speed)
            sums = []
        if time.monotonic() - saved > SAVE_SECONDS or step + 1 == phase.steps:
            _save(model, optimizers, step + 1, folder / f"{phase.name}.pt")
            saved = time.monotonic()


def _optimizers(model: nn.Module, phase: Phase) -> Optimizers:
    """AdamW; with `phase.muon`, Muon for the hidden matrices (K. Jordan et al., 2024; its update is
    scaled to AdamW's size, so that one rate serves both).
    """
    hidden: list[tuple[str, nn.Parameter]] = []
    rest: list[tuple[str, nn.Parameter]] = []
    for name, parameter in model.named_parameters():
        matrix = parameter.ndim == 2 and not any(part in name for part in ("embed", "lm_head"))
        (hidden if phase.muon and matrix else rest).append((name, parameter))
    kept: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(_groups(rest, phase), lr=phase.rate, betas=(0.9, 0.98), fused=True)
    ]
    if hidden:
        groups = _groups(hidden, phase)
        kept.append(torch.optim.Muon(groups, lr=phase.rate, adjust_lr_fn="match_rms_adamw"))
    return kept


def _groups(named: Sequence[tuple[str, nn.Parameter]], phase: Phase) -> list[dict[str, Any]]:
    """Parameters by weight decay (matrices only) and by rate (the tower's share, else one)."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in named:
        share = phase.tower if "vision_tower" in name else 1.0
        groups.setdefault((share, DECAY if parameter.ndim >= 2 else 0.0), []).append(parameter)
    return [{"params": p, "share": s, "weight_decay": decay} for (s, decay), p in groups.items()]


def _step(model: nn.Module, loss: Loss, optimizers: Optimizers, step: int) -> float:
    with torch.autocast(device().type, dtype=torch.bfloat16, enabled=half()):
        value = loss(step)
    torch.autograd.backward(value)
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return float(value.detach())


def _log(folder: Path, phase: Phase, step: int, loss: float, speed: float) -> None:
    row = {
        "phase": phase.name,
        "step": step,
        "loss": round(loss, 4),
        "steps_per_s": round(speed, 3),
        "on": machine(),
    }
    with (folder / "curve.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    left = (phase.steps - step) / max(speed, 1e-9)
    place = f"{phase.name} {step}/{phase.steps}"
    print(f"{place} loss {loss:.4f} {speed:.2f} steps/s, {math.ceil(left / 60)} min left", flush=True)


def _save(model: nn.Module, optimizers: Optimizers, step: int, path: Path) -> None:
    scratch = path.with_suffix(".tmp")
    states = [optimizer.state_dict() for optimizer in optimizers]
    torch.save({"model": model.state_dict(), "optimizers": states, "step": step}, scratch)
    scratch.replace(path)


def _resume(model: nn.Module, optimizers: Optimizers, path: Path) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True, map_location=device())
    model.load_state_dict(state["model"])
    for optimizer, kept in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(kept)
    return int(state["step"])
